import json
import logging
import sys

import pytest

from strata_chassis import logs, request_id
from strata_chassis.errors import InvalidArgument


def record(message, exc_info=None, **values):
    made = logging.LogRecord("strata.test", logging.INFO, __file__, 1, message, (), exc_info)
    vars(made).update(logs.fields(**values))
    return made


def test_json_is_one_line_with_the_request_id_and_the_fields():
    with request_id.bound("req-1"):
        line = logs.JsonFormatter("store").format(record("pulled\n", image="a b", duration_s=1.5))
    entry = json.loads(line)
    assert "\n" not in line
    assert (entry["service"], entry["level"], entry["request_id"]) == ("store", "info", "req-1")
    assert (entry["message"], entry["image"], entry["duration_s"]) == ("pulled\n", "a b", 1.5)


def test_text_shows_fields_after_the_message():
    line = logs.TextFormatter("store").format(record("pulled", image="ubuntu", note="two words"))
    assert line.endswith('INFO    store: pulled image=ubuntu note="two words"')


@pytest.mark.parametrize("evil", ["a\nb", "a\rb", "a\x1b[31mb", "a\x9bb", "a\x00b"])
def test_what_is_logged_forges_no_line_and_drives_no_terminal(evil):
    line = logs.TextFormatter("store").format(record(evil, name_of_file=evil))
    assert line.isprintable()


def test_an_exception_is_told_in_full():
    try:
        raise ValueError("why")  # noqa: TRY301 - an exception with a traceback is wanted
    except ValueError:
        shown = record("failed", exc_info=sys.exc_info())
    assert "ValueError: why" in json.loads(logs.JsonFormatter("x").format(shown))["exception"]
    assert "ValueError: why" in logs.TextFormatter("x").format(shown)


@pytest.mark.parametrize("more", [{"level": "loud"}, {"style": "xml"}])
def test_unknown_levels_and_styles_are_refused(more):
    with pytest.raises(InvalidArgument):
        logs.setup("x", **more)


@pytest.mark.parametrize("offered", [None, "", "a" * 65, "a b", "a\nb", "é", b"bytes"])
def test_a_request_id_unfit_for_a_log_is_replaced(offered):
    assert request_id.accept(offered) != offered
    assert len(request_id.accept(offered)) == 16


def test_a_callers_request_id_is_kept():
    assert request_id.accept("Req_1.a-b") == "Req_1.a-b"
