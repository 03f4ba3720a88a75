"""What buf cannot check: each rule is held by every RPC, so a failure lists those that break it."""

import re

from google.rpc import code_pb2

SERVICES = {"gateway", "registry", "runtime", "store"}

# Lists that a process or a request bounds by itself, so that there is nothing to page through.
NOT_PAGED = {"strata.runtime.v1.RuntimeService.ListProcesses"}


def breaking(rpcs, is_kept):
    return [str(rpc) for rpc in rpcs if not is_kept(rpc)]


def fields(message):
    return {field.name for field in message.field}


def test_there_are_four_services_and_many_calls(rpcs):
    assert {rpc.service.split(".")[1] for rpc in rpcs} == SERVICES
    assert len(rpcs) > 60


def test_a_comment_begins_with_its_calls_name(rpcs):
    assert breaking(rpcs, lambda rpc: rpc.comment.startswith(f"{rpc.name} ")) == []


def test_a_comment_says_whether_a_call_may_be_repeated(rpcs):
    assert breaking(rpcs, lambda rpc: re.search(r"[Ii]dempotent|Not atomic", rpc.comment)) == []


def test_a_comment_says_what_a_deadline_does(rpcs):
    assert breaking(rpcs, lambda rpc: re.search(r"Deadline: \w", rpc.comment)) == []


def test_a_comment_lists_the_errors(rpcs):
    assert breaking(rpcs, lambda rpc: re.search(r"Errors: \w", rpc.comment)) == []


def test_errors_are_canonical_codes_with_reasons(rpcs):
    codes = set(code_pb2.Code.keys())

    def names_codes(rpc):
        errors = rpc.comment.partition("Errors:")[2]
        outside_parentheses = re.sub(r"\([^)]*\)", "", errors)
        return set(re.findall(r"\b[A-Z][A-Z_]{4,}\b", outside_parentheses)) <= codes

    assert breaking(rpcs, names_codes) == []


def test_lists_come_in_pages(rpcs):
    def is_paged(rpc):
        asks = {"page_size", "page_token"} <= rpc.field_names
        return rpc.is_streaming_response or (asks and "next_page_token" in fields(rpc.response))

    lists = [rpc for rpc in rpcs if rpc.name.startswith("List")]
    assert set(breaking(lists, is_paged)) == NOT_PAGED


def test_creating_twice_by_accident_creates_once(rpcs):
    def is_repeatable(rpc):
        return "request_id" in rpc.field_names or re.search(r"Idempotent by (content|name|lease name)", rpc.comment)

    assert breaking([rpc for rpc in rpcs if rpc.name.startswith("Create")], is_repeatable) == []


def test_a_request_id_is_promised_where_it_is_taken(rpcs):
    taking = [rpc for rpc in rpcs if "request_id" in rpc.field_names]
    assert breaking(taking, lambda rpc: re.search(r"by (request_id|name)", rpc.comment)) == []


def test_times_and_durations_are_well_known_types(rpcs):
    well_known = {"_time": ".google.protobuf.Timestamp", "_duration": ".google.protobuf.Duration"}
    messages = {id(message): message for rpc in rpcs for message in (rpc.request, rpc.response)}.values()
    wrong = [
        f"{message.name}.{field.name}"
        for message in messages
        for field in message.field
        for ending, kind in well_known.items()
        if field.name.endswith(ending) and field.type_name != kind
    ]
    assert wrong == []
