"""The life of containers, on a real kernel with a real OCI runtime."""


def test_a_container_runs_and_its_output_and_status_are_kept(node):
    container = node.run("sh", "-c", "echo hello; echo oops >&2; exit 3")
    assert node.wait(container).exit_code == 3
    assert sorted((entry.data, entry.stderr) for entry in node.logs(container)) == [
        (b"hello\n", False),
        (b"oops\n", True),
    ]
