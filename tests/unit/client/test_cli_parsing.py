"""How a line is read: docker's rules, and sentences for what is wrong."""

import pytest

from strata_client.cli import registry
from strata_client.cli.commands.lifecycle import COMMANDS
from strata_client.cli.commands.run import COMMANDS as RUN
from strata_client.cli.helping import help_of
from strata_client.cli.parsing import HelpAsked, Line, UsageError, parse

RUN_COMMAND = RUN["run"]
STOP_COMMAND = COMMANDS["stop"]


def run_line(words: str) -> Line:
    return parse(RUN_COMMAND, words.split())


def test_options_end_at_the_image() -> None:
    line = run_line("-it --rm debian bash -c --rm")
    assert line.arguments == ["debian", "bash", "-c", "--rm"]
    assert (line.flag("interactive"), line.flag("tty"), line.flag("rm")) == (True, True, True)


@pytest.mark.parametrize("words", ["--name web x", "--name=web x"])
def test_a_value_follows_a_space_or_an_equals_sign(words: str) -> None:
    assert run_line(words).text("name") == "web"


@pytest.mark.parametrize("words", ["-p 80:80 x", "-p80:80 x", "-p=80:80 x", "--publish 80:80 x", "-dp 80:80 x"])
def test_a_short_option_may_be_written_in_any_way(words: str) -> None:
    assert run_line(words).many("publish") == ["80:80"]


def test_repeated_options_are_kept_in_their_order() -> None:
    assert run_line("-e A=1 --env B=2 x").many("env") == ["A=1", "B=2"]


def test_the_last_of_several_values_counts() -> None:
    assert run_line("--name a --name b x").text("name") == "b"


@pytest.mark.parametrize(("words", "is_set"), [("--rm=false x", False), ("--rm=true x", True), ("x", False)])
def test_a_flag_can_be_taken_back(words: str, *, is_set: bool) -> None:
    assert run_line(words).flag("rm") is is_set


def test_a_flag_may_be_on_by_default() -> None:
    assert run_line("x").flag("sig-proxy")
    assert not run_line("--sig-proxy=false x").flag("sig-proxy")


def test_words_after_two_dashes_are_arguments() -> None:
    assert parse(STOP_COMMAND, ["--", "-odd"]).arguments == ["-odd"]


def test_options_may_stand_after_arguments_where_nothing_is_passed_on() -> None:
    line = parse(STOP_COMMAND, ["web", "-t", "3"])
    assert (line.arguments, line.number("timeout")) == (["web"], 3)


@pytest.mark.parametrize("old", ["--time", "-t", "--timeout"])
def test_an_option_may_have_several_long_names(old: str) -> None:
    assert parse(STOP_COMMAND, [old, "0", "web"]).number("timeout") == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--nonsense x", "unknown flag: --nonsense"),
        ("-Z x", "unknown shorthand flag: 'Z' in -Z"),
        ("--name", "flag needs an argument: --name"),
        ("--rm=maybe x", "invalid argument 'maybe' for --rm"),
        ("", "'strata run' requires at least 1 argument"),
    ],
)
def test_a_wrong_line_is_explained(words: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        run_line(words)
    assert sentence in str(caught.value)


def test_too_many_arguments_are_refused() -> None:
    with pytest.raises(UsageError, match="accepts no arguments"):
        parse(registry.load("ps"), ["web"])


def test_help_is_asked_for_before_the_image_only() -> None:
    with pytest.raises(HelpAsked):
        run_line("--rm --help")
    assert run_line("debian ls --help").arguments == ["debian", "ls", "--help"]


def test_a_short_h_is_help_unless_it_has_a_meaning() -> None:
    assert run_line("-h box x").text("hostname") == "box"
    with pytest.raises(HelpAsked):
        parse(STOP_COMMAND, ["-h"])


@pytest.mark.parametrize("name", registry.names())
def test_every_command_explains_itself(name: str) -> None:
    command = registry.load(name)
    text = help_of(command)
    assert text.startswith(f"Usage:  strata {name}")
    assert all(option.names[-1] in text for option in command.options)


@pytest.mark.parametrize("name", registry.names())
def test_no_two_options_of_a_command_share_a_name(name: str) -> None:
    names = [name for option in registry.load(name).options for name in option.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("words", "name"),
    [("ps -a", "ps"), ("container ls", "ps"), ("image rm x", "rmi"), ("container stop x", "stop"), ("df", "system df")],
)
def test_dockers_longer_names_are_known(words: str, name: str) -> None:
    found = registry.find(words.split())
    assert found is not None
    assert found[0] == name


def test_a_mistyped_command_has_a_suggestion() -> None:
    assert registry.nearest("imges") == "images"
