"""python -m training run | export | calibrate | evaluate | heads: makes and measures the practice brain."""

import argparse
import tempfile
from pathlib import Path

from . import card
from .evaluate import calibrate, evaluate
from .heads.recipe import Plan, train
from .heads.report import tell_all
from .people import measure
from .progress import begin
from .recipe import PROCESSES, STAGES, Run, export, newest, perform, work


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--out", type=Path, default=Path("runs/practice"), help="folder of the run")
    shared.add_argument("--minutes", type=float, default=138.0, help="training time in all stages together")
    shared.add_argument("--seed", type=int, default=1)
    shared.add_argument("--port", type=int, default=29511, help="local port where the two processes meet")
    run = commands.add_parser("run", parents=[shared], help="all stages; goes on where it was stopped")
    run.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    run.add_argument("--scale", type=float, default=1.0, help="share of the full corpus, for trying out")
    one = commands.add_parser(
        "work", parents=[shared], help="one process of a training stage (started by run)"
    )
    one.add_argument("stage", choices=sorted(PROCESSES))
    one.add_argument("--rank", type=int, default=0)
    written = commands.add_parser(
        "export",
        parents=[shared],
        help="write the bundle of the newest checkpoint, fit its refusal threshold",
    )
    written.add_argument("--bundle", type=Path, help="default: OUT/bundle")
    for name, text in (
        ("evaluate", "print every figure of a bundle"),
        ("calibrate", "fit and write the refusal threshold of a bundle"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--bundle", type=Path, default=Path("model/bundled"))
        command.add_argument("--seed", type=int, default=1)
        command.add_argument("--card", action="store_true", help="also write the bundle's README.md")
        command.add_argument(
            "--recordings", type=Path, help="folder of the Free Spoken Digit Dataset: people, too"
        )
        command.add_argument("--share", type=float, default=1.0, help="share of the cases, for a quick look")
    heads = commands.add_parser("heads", help="train the heads over a bundle's encoder, or measure them")
    heads.add_argument("--bundle", type=Path, default=Path("model/bundled"))
    heads.add_argument("--speech", type=Path, default=Path("runs/heads"), help="folder for what is spoken")
    heads.add_argument("--seed", type=int, default=1)
    heads.add_argument("--scale", type=float, default=1.0, help="share of the material, for trying out")
    heads.add_argument("--figures", action="store_true", help="only measure the heads that are there")
    heads.add_argument("--recordings", type=Path, help="folder of recordings of people, for --figures")
    return parser


def tell(line: str) -> None:
    """One line of a result."""
    print(line, flush=True)


def main() -> None:
    """Entry point."""
    args = _parser().parse_args()
    begin()
    if args.command == "heads":
        if args.figures:
            tell_all(args.bundle, args.speech, args.seed, tell=tell, recordings=args.recordings)
        else:
            train(Plan(args.bundle, args.speech, args.seed, args.scale))
        return
    if args.command in ("evaluate", "calibrate"):
        if not (args.bundle / "config.json").exists():
            raise SystemExit(f"{args.bundle} holds no bundle (config.json is missing)")
        with tempfile.TemporaryDirectory(prefix="hocket-speech-") as folder:
            if args.command == "evaluate":
                report = evaluate(args.bundle, Path(folder), args.seed, tell=tell, share=args.share)
                people = (
                    measure(args.bundle, args.recordings, args.seed, tell=tell) if args.recordings else ""
                )
                if args.card:
                    card.write(args.bundle, report.lines, people=people)
            else:
                calibrate(args.bundle, Path(folder), args.seed, tell=tell)
        return
    run = Run(args.out, args.minutes, args.seed, getattr(args, "scale", 1.0), args.port)
    if args.command == "work":
        work(run, args.stage, args.rank)
    elif args.command == "export":
        if not newest(run).exists():
            raise SystemExit(
                f"{run.out} holds no weights: train first (python -m training run --out {run.out})"
            )
        export(run, args.bundle or run.bundle)
    else:
        perform(run, tuple(stage for stage in STAGES if stage in args.stages))


if __name__ == "__main__":
    main()
