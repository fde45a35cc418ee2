"""Stages get their shares of the budget, finished ones are passed over, and one that must leave does."""

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("scipy")

from model.networks import Talker  # noqa: E402 - after the skips
from training import __main__, bundle, card, precision, recipe, voices  # noqa: E402
from training.fresh import fresh_talker  # noqa: E402
from training.language import Language  # noqa: E402
from training.loop import Group, Loop, Plan, save_checkpoint  # noqa: E402
from training.progress import Gauge, read_gauge  # noqa: E402
from training.recipe import orders, perform  # noqa: E402
from training.run import BEFORE, MINUTES, ORDER, PROCESSES, STAGES, Run  # noqa: E402
from training.skills import registry  # noqa: E402


def _finish(run: Run, stage: str, done: float = 1.0) -> None:
    plan = run.plan(stage)
    Gauge(plan.checkpoint).close(done, 3, 72)
    save_checkpoint(plan.checkpoint, {"step": 3, "elapsed": done * plan.seconds})


def test_the_minutes_are_those_of_all_stages_together(tmp_path: Path) -> None:
    run = Run(tmp_path, 60.0)
    assert sum(run.plan(stage).seconds for stage in MINUTES) == pytest.approx(3600)
    assert set(STAGES) < set(ORDER) == {"speech", "export", "evaluate", *PROCESSES}
    assert all(ORDER.index(source) < ORDER.index(stage) for stage, source in BEFORE.items())


def test_a_device_other_than_the_processor_has_one_process(tmp_path: Path) -> None:
    assert Run(tmp_path).world("sft") == 2
    assert Run(tmp_path, processes=1).world("sft") == 1
    plan = Run(tmp_path, device="cuda", leave_after=500.0, size="bundled").plan("sft")
    assert (plan.world, plan.device, plan.leave_after, plan.size) == (1, "cuda", 500.0, "bundled")


def test_a_budget_that_is_raised_is_not_used_up(tmp_path: Path) -> None:
    _finish(run := Run(tmp_path, 60.0), "text")
    assert run.finished("text") and Run(tmp_path, 45.0).finished("text")
    assert not Run(tmp_path, 90.0).finished("text") and not run.finished("sft")
    assert Run(tmp_path, steps={"text": 3}).finished("text")
    assert not Run(tmp_path, steps={"text": 4}).finished("text")


def test_a_stage_may_have_minutes_of_its_own(tmp_path: Path) -> None:
    run = Run(tmp_path, 60.0, budget={"listen": 45.0, "control": 2.0})
    assert run.plan("listen").seconds == 2700 and run.plan("control").seconds == 120
    assert run.plan("sft").seconds == Run(tmp_path, 60.0).plan("sft").seconds
    given = ["run", "--out", str(tmp_path), "--budget", "listen=45", "sft=30.5"]
    found = __main__._run_of(__main__._parser().parse_args(given))
    assert found.budget == {"listen": 45.0, "sft": 30.5}
    assert "--budget listen=45 " in card.command({"stage_budget": {"listen": 45.0}, "scale": 1.0}) + " "


def test_the_processes_of_a_stage_are_told_its_own_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(recipe.subprocess, "Popen", lambda command, env: started.append(command))
    run = Run(tmp_path, 60.0, budget={"listen": 45.5, "sft": 2.0})
    (tmp_path / "precision").write_text("float32")
    recipe.start(run, "listen")
    assert len(started) == 2
    for command in started:
        found = __main__._run_of(__main__._parser().parse_args(command[3:]))
        assert found.plan("listen").seconds == run.plan("listen").seconds == 2730
    started.clear()
    recipe.start(run, "drill")
    assert not any("--budget" in command for command in started)


def test_later_commands_of_a_run_keep_its_minutes(tmp_path: Path) -> None:
    recipe.perform(Run(tmp_path / "run", budget={"listen": 45.5, "sft": 2.0}), ())
    given = ["run", "--out", str(tmp_path / "run"), "--budget", "sft=3"]
    assert __main__._run_of(__main__._parser().parse_args(given[:3])).budget == {"listen": 45.5, "sft": 2.0}
    assert __main__._run_of(__main__._parser().parse_args(given)).budget == {"listen": 45.5, "sft": 3.0}


def test_a_stage_is_given_minutes_once(tmp_path: Path) -> None:
    given = ["run", "--out", str(tmp_path), "--budget", "listen=3", "--budget", "sft=2"]
    assert __main__._run_of(__main__._parser().parse_args(given)).budget == {"listen": 3.0, "sft": 2.0}
    with pytest.raises(SystemExit, match="names a stage twice"):
        __main__._run_of(__main__._parser().parse_args([*given, "listen=5"]))


def test_a_part_that_goes_on_from_a_good_one_learns_at_a_share_of_the_rates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(recipe.subprocess, "Popen", lambda command, env: started.append(command))
    (tmp_path / "precision").write_text("float32")
    recipe.start(Run(tmp_path, rate=0.35), "drill")
    found = [__main__._run_of(__main__._parser().parse_args(command[3:])) for command in started]
    assert [one.plan("drill").rate for one in found] == [0.35, 0.35]
    assert "--rate 0.35 " in card.command({"rate": 0.35, "scale": 1.0}) + " "

    def after_one_step(name: str, rate: float) -> torch.Tensor:
        torch.manual_seed(0)
        model = torch.nn.Linear(4, 4)
        before = model.weight.detach().clone()
        plan = Plan(tmp_path / f"{name}.pt", 0.0, steps=1, warm_steps=1, floor=1.0, rate=rate)
        loop = Loop(plan, model, [Group(list(model.parameters()), 0.1, 0.0)])
        assert loop.run(lambda _step, _done: (model(torch.ones(1, 4)).sum(), {}, 1))
        return model.weight.detach() - before

    assert torch.allclose(after_one_step("third", 0.35), 0.35 * after_one_step("whole", 1.0), atol=1e-6)


def test_later_commands_of_a_run_keep_its_share_of_the_rates(tmp_path: Path) -> None:
    out = tmp_path / "run"
    given = ["export", "--out", str(out)]
    assert __main__._run_of(__main__._parser().parse_args(given)).rate == 1.0
    recipe.perform(Run(out, rate=0.35), ())
    assert __main__._run_of(__main__._parser().parse_args(given)).rate == 0.35
    assert __main__._run_of(__main__._parser().parse_args([*given, "--rate", "0.5"])).rate == 0.5


def test_what_is_exported_tells_the_share_of_the_corpus(tmp_path: Path) -> None:
    for command in ("run", "export"):
        given = [command, "--out", str(tmp_path), "--scale", "0.6"]
        assert __main__._run_of(__main__._parser().parse_args(given)).scale == 0.6


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "nan", "fast"])
def test_rates_that_are_no_share_are_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        __main__._parser().parse_args(["run", "--rate", text])
    assert f"{text!r} is no share of a learning rate" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["listen", "listen=", "listen=0", "listen=-3", "listen=inf", "lesson=3"])
def test_minutes_of_a_stage_that_is_none_are_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        __main__._parser().parse_args(["run", "--budget", text])
    told = capsys.readouterr().err
    assert f"{text!r} is not STAGE=MINUTES" in told and "for example listen=30" in told


def test_what_is_exported_is_the_mean_of_bundles_by_their_shares(tmp_path: Path) -> None:
    talkers = list[Talker]()
    for seed in (1, 2, 3):
        torch.manual_seed(seed)
        talkers.append(fresh_talker("tiny", len(Language().tokenizer)))
        bundle.round_weights(talkers[-1])
        bundle.write(talkers[-1], tmp_path / str(seed), training={}, refusal={"heard_logprob": -1.0})
    shares = {tmp_path / "1": 0.25, tmp_path / "2": 0.35}
    before = [{name: value.clone() for name, value in one.state_dict().items()} for one in talkers]
    recipe.average(talkers[2], shares)
    for name, value in talkers[2].state_dict().items():
        wanted = 0.25 * before[0][name] + 0.35 * before[1][name] + 0.4 * before[2][name]
        torch.testing.assert_close(value, wanted)


def test_only_the_brain_that_ships_is_a_mean_and_its_card_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talker = fresh_talker("tiny", len(Language().tokenizer))
    written = dict[str, dict[str, object]]()
    taken: list[dict[Path, float]] = []
    monkeypatch.setattr(recipe, "load", lambda run, path: (talker, {"seed": 2, "before": {}}))
    monkeypatch.setattr(recipe, "calibrate", lambda *_given, **_named: None)
    monkeypatch.setattr(recipe, "average", lambda _talker, shares: taken.append(shares))
    monkeypatch.setattr(
        recipe.bundle, "write", lambda _talker, folder, training, **_: written.update({folder.name: training})
    )
    (tmp_path / "seven").mkdir()
    told = {"training": {"seed": 7, "average": []}}
    (tmp_path / "seven" / "config.json").write_text(json.dumps(told), encoding="utf-8")
    run = Run(tmp_path, average={tmp_path / "seven": 0.3})
    for stage in ("listen", "control"):
        recipe.write(run, tmp_path / f"{stage}.pt", tmp_path / stage)
    assert taken == [run.average] and "average" not in written["control"]
    assert " --average BUNDLE=0.3" in card.command(written["listen"])
    mean = "The weights are a mean of its own and 30% of those of seed 7, themselves a mean (`--average`).\n"
    assert card.begun(written["listen"]).endswith(mean)
    assert card.begun({"average": written["listen"]["average"]}) == mean


@pytest.mark.parametrize("text", ["0.3", "=0.3", "there=1", "there=-0.1", "there=nan", "there=half"])
def test_a_share_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        __main__._parser().parse_args(["run", "--average", text])
    assert f"{text!r} is not BUNDLE=SHARE" in capsys.readouterr().err


def test_something_of_the_run_itself_is_exported(tmp_path: Path) -> None:
    given = ["export", "--out", str(tmp_path), "--average"]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text('{"training": {}}', encoding="utf-8")
        given.append(f"{tmp_path / name}=0.5")
    with pytest.raises(SystemExit, match="leaves nothing of the run's own weights"):
        __main__._run_of(__main__._parser().parse_args(given))
    with pytest.raises(SystemExit, match="names a bundle twice"):
        __main__._run_of(__main__._parser().parse_args([*given[:5], f"{tmp_path / 'one'}=0.2"]))


def test_a_run_keeps_the_precision_that_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iter(precision.CHOICES[::-1])
    monkeypatch.setattr(recipe, "faster", lambda: next(found))
    run = Run(tmp_path)
    assert [recipe.precision_of(run), recipe.precision_of(run)] == ["float32", "float32"]
    assert recipe.precision_of(Run(tmp_path, device="cuda")) == "bfloat16"
    for name, kind in (("bfloat16", torch.bfloat16), ("float32", torch.float32)):
        monkeypatch.setenv(precision.SETTING, name)
        with precision.precision("cpu"):
            assert torch.nn.Linear(2, 2)(torch.zeros(1, 2)).dtype == kind
    assert precision.faster() in precision.CHOICES


def test_the_steps_of_another_run_are_repeated(tmp_path: Path) -> None:
    run = Run(tmp_path, steps={"text": 12})
    assert run.plan("text").steps == 12
    assert run.plan("sft").steps is None


def test_both_workers_speak_every_group_with_seeds_of_their_own(tmp_path: Path) -> None:
    both = [orders(Run(tmp_path, scale=0.01), half) for half in (0, 1)]
    assert [o.group for o in both[0]] == [o.group for o in both[1]] == [*voices.trained()]
    assert len({o.seed for half in both for o in half}) == 2 * len(voices.trained())
    assert dict(both[0][0].skills) == registry.SHARES


def test_finished_stages_are_passed_over_and_a_late_one_waits_for_the_next_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, begun = Run(tmp_path, leave_after=100.0), list[str]()

    def start(here: Run, stage: str) -> list[object]:
        begun.append(stage)
        _finish(here, stage, 0.4 if stage == "drill" else 1.0)
        return []

    monkeypatch.setattr(recipe, "start", start)
    _finish(run, "text")
    perform(run, ("text", "sft", "drill", "listen"))
    assert begun == ["sft", "drill"]
    assert read_gauge(tmp_path / "drill.pt")["done"] == 0.4
    perform(Run(tmp_path, leave_after=1.0), ("drill",))
    assert begun == ["sft", "drill"]


def test_people_are_measured_with_a_second_ear_unless_it_is_left_out(tmp_path: Path) -> None:
    given = ["evaluate", "--ear", str(tmp_path)]
    assert __main__._parser().parse_args(given).ear == tmp_path
    assert __main__._parser().parse_args([*given, "--no-ear"]).ear is None
