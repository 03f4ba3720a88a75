"""Dockerfiles: grammar, variables, config."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_gateway.core.dockerfile.expansion import expand, split_words
from strata_gateway.core.dockerfile.flags import checked
from strata_gateway.core.dockerfile.instruction import DockerfileError
from strata_gateway.core.dockerfile.metadata import apply, apply_changes, joined_path
from strata_gateway.core.dockerfile.parser import parse, parse_trigger


def parsed(text):
    return [(instruction.keyword, instruction.rest) for instruction in parse(text).instructions]


def test_comments_and_blank_lines_are_left_out_also_inside_of_an_instruction():
    text = "# x\n\nFROM a\nRUN one \\\n# comment\n\n   && two\n"
    assert parsed(text) == [("FROM", "a"), ("RUN", "one    && two")]


def test_keywords_are_read_in_any_case():
    assert parsed("from a\nrUn b") == [("FROM", "a"), ("RUN", "b")]


def test_the_escape_directive_changes_the_continuation():
    text = "# escape=`\nFROM a\nRUN one `\n two \\\n"
    assert parsed(text) == [("FROM", "a"), ("RUN", "one  two \\")]


def test_a_directive_after_a_comment_is_a_comment():
    assert parse("# hello\n# escape=`\nFROM a").escape == "\\"


def test_flags_stand_before_the_arguments():
    (copy,) = parse('COPY --from=build --chown=1:2 --link --exclude=a --exclude="b c" x y').instructions
    assert copy.rest == "x y"
    assert copy.flag("from") == "build"
    assert copy.flags["exclude"] == ("a", "b c")
    assert copy.flag("link") == "true"


def test_heredocs_are_taken_out_of_the_file():
    text = "RUN <<EOF cat <<-'END'\na $x\nEOF\n\t\tb $y\n\tEND\nCMD x"
    run, cmd = parse(text).instructions
    assert [(document.name, document.content, document.expands) for document in run.heredocs] == [
        ("EOF", "a $x\n", True),
        ("END", "b $y\n", False),
    ]
    assert cmd.rest == "x"


def test_a_here_string_operator_in_quotes_is_no_heredoc():
    (run,) = parse("RUN echo '<<EOF'").instructions
    assert run.heredocs == ()


@pytest.mark.parametrize(
    ("text", "line"), [("FROM a\nNONSENSE b", 2), ("FROM", 1), ("FROM a\nRUN <<E\nx", 3), ("# escape=x\nFROM a", 1)]
)
def test_errors_name_the_line(text, line):
    with pytest.raises(DockerfileError) as raised:
        parse(text)
    assert raised.value.line == line


@given(st.text())
def test_no_text_breaks_the_parser(text):
    try:
        parse(text)
    except DockerfileError:
        return


VARIABLES = {"a": "1", "empty": "", "path": "x/y/z.tar.gz"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$a ${a}b $ab", "1 1b "),
        ("\\$a '$a' \"$a\"", "$a $a 1"),
        ('"a\\"b\\c"', 'a"b\\c'),
        ("${a:-d} ${no:-d} ${empty:-d} ${empty-d}", "1 d d "),
        ("${a:+s} ${no:+s} ${empty:+s} ${empty+s}", "s   s"),
        ("${no:-${a}}", "1"),
        ("${path#*/} ${path##*/} ${path%.*} ${path%%.*}", "y/z.tar.gz z.tar.gz x/y/z.tar x/y/z"),
        ("${path/x/w} ${path//\\//-}", "w/y/z.tar.gz x-y-z.tar.gz"),
        ("$", "$"),
        ("a$/b", "a$/b"),
    ],
)
def test_variables_are_put_in(text, result):
    assert expand(text, VARIABLES) == result


@pytest.mark.parametrize("text", ["'x", '"x', "${a", "${", "${a!}", "${no:?wanted}"])
def test_broken_words_are_refused(text):
    with pytest.raises(DockerfileError):
        expand(text, VARIABLES)


@given(st.text())
def test_no_text_breaks_the_expansion(text):
    try:
        expand(text, VARIABLES)
        split_words(text)
    except DockerfileError:
        return


def test_words_are_split_outside_of_quotes_only():
    assert split_words("a 'b c' d\\ e \"f g\"") == ["a", "'b c'", "d\\ e", '"f g"']


@pytest.mark.parametrize(
    ("changes", "config"),
    [
        (["ENV a=1 b='2 3'"], {"Env": ["a=1", "b=2 3"]}),
        (["ENV a the rest"], {"Env": ["a=the rest"]}),
        (["ENV a=1", "ENV a=2 b=$a"], {"Env": ["a=2", "b=1"]}),
        (['CMD ["x", "y"]'], {"Cmd": ["x", "y"]}),
        (["CMD x y"], {"Cmd": ["/bin/sh", "-c", "x y"]}),
        (['SHELL ["bash", "-ec"]', "CMD x"], {"Shell": ["bash", "-ec"], "Cmd": ["bash", "-ec", "x"]}),
        (["CMD x", 'ENTRYPOINT ["y"]'], {"Entrypoint": ["y"]}),
        (
            ["EXPOSE 80 53/udp 8000-8001"],
            {"ExposedPorts": {"80/tcp": {}, "53/udp": {}, "8000/tcp": {}, "8001/tcp": {}}},
        ),
        (["WORKDIR /a", "WORKDIR b/../c"], {"WorkingDir": "/a/c"}),
        (["VOLUME /a /b"], {"Volumes": {"/a": {}, "/b": {}}}),
        (['VOLUME ["/a b"]'], {"Volumes": {"/a b": {}}}),
        (['LABEL a=b "c d"=e'], {"Labels": {"a": "b", "c d": "e"}}),
        (["USER me:you", "STOPSIGNAL SIGINT"], {"User": "me:you", "StopSignal": "SIGINT"}),
        (["HEALTHCHECK NONE"], {"Healthcheck": {"Test": ["NONE"]}}),
        (
            ["HEALTHCHECK --interval=1m30s --retries=2 CMD curl x"],
            {"Healthcheck": {"Test": ["CMD-SHELL", "curl x"], "Interval": 90 * 10**9, "Retries": 2}},
        ),
        (["ONBUILD RUN x"], {"OnBuild": ["RUN x"]}),
    ],
)
def test_instructions_change_the_config(changes, config):
    assert apply_changes({}, changes) == config


@pytest.mark.parametrize(
    "change",
    [
        *("RUN x", "COPY a b", "FROM a", "EXPOSE 0", "EXPOSE x", "EXPOSE 9-8", "SHELL x", "ONBUILD FROM a"),
        *("HEALTHCHECK x", "HEALTHCHECK --interval=x CMD y", "ENV a", "LABEL a=b c", "NONSENSE"),
    ],
)
def test_what_cannot_change_a_config_is_refused(change):
    with pytest.raises(DockerfileError):
        apply_changes({}, [change])


@pytest.mark.parametrize(
    ("base", "path", "joined"), [("/", "a", "/a"), ("/a", "/b", "/b"), ("/a", "../../b", "/b"), ("/a", ".", "/a")]
)
def test_paths_are_joined_below_the_root(base, path, joined):
    assert joined_path(base, path) == joined


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("COPY --exclude=*.log . /", "--exclude option requires BuildKit"),
        ("COPY --link a b", "--link option requires BuildKit"),
        ("COPY --anything a b", "unknown flag: --anything of COPY"),
        ("ADD --from=x a b", "unknown flag: --from of ADD"),
        ("RUN --security=insecure x", "--security option requires BuildKit"),
        ("ENV --x a=b", "unknown flag: --x of ENV"),
    ],
)
def test_a_flag_that_is_not_understood_is_refused(text, message):
    with pytest.raises(DockerfileError, match=message):
        checked(parse(text).instructions)


def test_the_flags_that_are_understood_pass():
    text = "FROM --platform=linux/amd64 a\nCOPY --from=a --chown=1 --chmod=755 b c\nHEALTHCHECK --interval=1s CMD x"
    assert len(checked(parse(text).instructions)) == 3


def test_a_trigger_keeps_its_documents():
    (held,) = parse("ONBUILD COPY <<-one <<'two' /d/\n\tfirst\n\tone\n$second\ntwo\n").instructions
    (text,) = apply({}, held, {})["OnBuild"]
    trigger = parse_trigger(text)
    assert trigger.keyword == "COPY"
    assert [(document.content, document.expands) for document in trigger.heredocs] == [
        ("first\n", True),
        ("$second\n", False),
    ]


def test_a_trigger_without_documents_is_one_instruction():
    assert parse_trigger("RUN echo a").rest == "echo a"
    with pytest.raises(DockerfileError):
        checked([parse_trigger("COPY --nonsense a b")])
    with pytest.raises(DockerfileError, match="empty"):
        parse_trigger("")
