"""python -m training run | export | calibrate | evaluate | heads: makes and measures the practice brain."""

import argparse
import json
import math
import tempfile
from pathlib import Path

from model.ears.fetch import fetched

from .evaluate import calibrate
from .heads.recipe import Plan, train
from .heads.report import tell_all
from .progress import begin
from .recipe import examine, export, newest, perform, work
from .run import ORDER, PROCESSES, STAGES, TOTAL, Run, budget_of, rate_of
from .sizes import SIZES


def _shared() -> argparse.ArgumentParser:
    """What tells one run from another."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--out", type=Path, default=Path("runs/practice"), help="folder of the run")
    shared.add_argument(
        "--minutes",
        type=float,
        default=TOTAL,
        help="processor minutes of each process in all stages together (on a CUDA device wall time)",
    )
    shared.add_argument("--seed", type=int, default=1)
    shared.add_argument("--scale", type=float, default=1.0, help="share of the full corpus")
    shared.add_argument("--size", choices=sorted(SIZES), default="small")
    shared.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1 …")
    shared.add_argument("--processes", type=int, default=2, help="of one thread each, on a cpu")
    shared.add_argument(
        "--leave-after", type=float, help="seconds after which it saves and leaves; the same command goes on"
    )
    shared.add_argument(
        "--start", type=Path, help="bundle whose weights it goes on from, with a corpus of its own"
    )
    shared.add_argument(
        "--ear", type=Path, help="bundle whose hearing the encoder goes on from, of any language"
    )
    shared.add_argument(
        "--budget",
        type=_budget,
        nargs="+",
        action="extend",
        default=[],
        metavar="STAGE=MINUTES",
        help="processor minutes of single stages instead of what --minutes gives them; later commands of the "
        "run keep them",
    )
    shared.add_argument(
        "--rate",
        type=_rate,
        help="share of the peak learning rates, for a part that goes on from a good one; later commands "
        "of the run keep it",
    )
    shared.add_argument("--steps", type=json.loads, default={}, help=argparse.SUPPRESS)
    shared.add_argument("--port", type=int, default=29511, help="local port where the processes meet")
    return shared


def _budget(text: str) -> tuple[str, float]:
    """`STAGE=MINUTES`. ArgumentTypeError for anything else."""
    stage, _, told = text.partition("=")
    try:
        minutes = float(told)
    except ValueError:
        minutes = 0.0
    if stage not in PROCESSES or not 0 < minutes < math.inf:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not STAGE=MINUTES: a stage of {', '.join(PROCESSES)}, minutes above 0, "
            "for example listen=30"
        )
    return stage, minutes


def _rate(text: str) -> float:
    """Above 0, at most 1. ArgumentTypeError for anything else."""
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no share of a learning rate: give a number above 0 and at most 1, for example 0.3"
        )
    return rate


def _share(text: str) -> tuple[Path, float]:
    """`BUNDLE=SHARE`. ArgumentTypeError for anything else."""
    folder, _, told = text.rpartition("=")
    try:
        share = float(told)
    except ValueError:
        share = 0.0
    if not folder or not 0 < share < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not BUNDLE=SHARE: a bundle's folder, a share between 0 and 1, "
            "for example model/bundled=0.3"
        )
    return Path(folder), share


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    shared = _shared()
    averaged = argparse.ArgumentParser(add_help=False)
    averaged.add_argument(
        "--average",
        type=_share,
        nargs="+",
        action="extend",
        default=[],
        metavar="BUNDLE=SHARE",
        help="weights of other bundles in the exported one: the mean of several ends of training errs less "
        "than each; to be given again with every command that exports",
    )
    run = commands.add_parser(
        "run", parents=[shared, averaged], help="all stages; goes on where it was stopped"
    )
    run.add_argument("--stages", nargs="+", choices=ORDER, default=list(STAGES))
    run.add_argument("--steps-of", type=Path, help="bundle whose numbers of steps are repeated exactly")
    run.add_argument("--recordings", type=Path, help="folder of the Free Spoken Digit Dataset: people, too")
    one = commands.add_parser(
        "work", parents=[shared], help="one process of a training stage (started by run)"
    )
    one.add_argument("stage", choices=sorted(PROCESSES))
    one.add_argument("--rank", type=int, default=0)
    written = commands.add_parser(
        "export",
        parents=[shared, averaged],
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
        command.add_argument("--control", type=Path, help="bundle that never thinks, to compare with")
        command.add_argument(
            "--ear",
            type=Path,
            default=fetched(),
            help="folder of a Moonshine ear: people with both ears, too",
        )
        command.add_argument(
            "--no-ear", dest="ear", action="store_const", const=None, help="people with its own ear alone"
        )
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


def _config(bundle: Path) -> dict[str, object]:
    path = bundle / "config.json"
    if not path.exists():
        raise SystemExit(f"{bundle} holds no bundle (config.json is missing)")
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _steps_of(bundle: Path) -> dict[str, int]:
    training = _config(bundle).get("training")
    steps = training.get("steps") if isinstance(training, dict) else None
    if not isinstance(steps, dict):
        raise SystemExit(f"{bundle} does not tell the steps of its stages (config.json, training.steps)")
    return {str(stage): int(count) for stage, count in steps.items()}


def _judge(args: argparse.Namespace) -> None:
    _config(args.bundle)
    with tempfile.TemporaryDirectory(prefix="hocket-speech-") as folder:
        if args.command == "calibrate":
            calibrate(args.bundle, Path(folder), args.seed, tell=tell)
        else:
            examine(
                args.bundle,
                Path(folder),
                args.seed,
                share=args.share,
                control=args.control,
                recordings=args.recordings,
                ear=args.ear,
                cards=args.card,
            )


def _run_of(args: argparse.Namespace) -> Run:
    steps = dict(args.steps)
    given = getattr(args, "average", [])
    average = dict(given)
    for bundled in (args.start, args.ear, *average):
        if bundled is not None:
            _config(bundled)
    if len(average) < len(given):
        raise SystemExit("--average names a bundle twice; give each once, for example model/bundled=0.5")
    if sum(average.values()) > 1 - 1e-6:
        raise SystemExit("--average leaves nothing of the run's own weights: give shares that sum to below 1")
    budget = dict(args.budget)
    if len(budget) < len(args.budget):
        raise SystemExit("--budget names a stage twice; give each stage once, for example listen=30 sft=20")
    if getattr(args, "steps_of", None) is not None:
        steps |= _steps_of(args.steps_of)
    return Run(
        args.out,
        args.minutes,
        args.seed,
        args.scale,
        args.port,
        args.size,
        args.device,
        args.processes,
        args.leave_after,
        getattr(args, "recordings", None),
        args.start,
        args.ear,
        budget_of(args.out, budget),
        average,
        rate_of(args.out, args.rate),
        steps,
    )


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
        _judge(args)
        return
    run = _run_of(args)
    if args.command == "work":
        work(run, args.stage, args.rank)
    elif args.command == "export":
        if not newest(run).exists():
            raise SystemExit(
                f"{run.out} holds no weights: train first (python -m training run --out {run.out})"
            )
        export(run, args.bundle or run.bundle)
    else:
        perform(run, tuple(stage for stage in ORDER if stage in args.stages))


if __name__ == "__main__":
    main()
