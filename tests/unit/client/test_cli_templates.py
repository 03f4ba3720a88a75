"""The templates that --format takes, against what docker prints for them."""

import pytest

from strata_client.cli.parsing import UsageError
from strata_client.cli.templates import Template

VALUE = {
    "Name": "web",
    "State": {"Running": True, "ExitCode": 0, "Error": ""},
    "Mounts": [{"Source": "/a"}, {"Source": "/b"}],
    "Env": ["A=1", "B=2"],
    "Networks": {"bridge": {"IPAddress": "172.30.0.2"}, "other": {"IPAddress": "10.0.0.2"}},
    "Nothing": None,
    "Empty": [],
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{{.Name}}", "web"),
        ("{{ .State.Running }}", "true"),
        ("{{.State.ExitCode}}", "0"),
        ("{{.Missing}}", "<no value>"),
        ("{{.State.Missing.Deeper}}", "<no value>"),
        ("{{.Nothing}}", "<nil>"),
        ("{{.Env}}", "[A=1 B=2]"),
        ("{{json .Env}}", '["A=1","B=2"]'),
        ("{{.Env | json}}", '["A=1","B=2"]'),
        ('{{join .Env ", "}}', "A=1, B=2"),
        ("{{.Mounts.1.Source}}", "/b"),
        ("{{index .Env 0}}", "A=1"),
        ('{{index .Networks "bridge" "IPAddress"}}', "172.30.0.2"),
        ("{{len .Env}}", "2"),
        ("{{upper .Name}}-{{.Name | title}}", "WEB-Web"),
        ("{{truncate .Name 2}}", "we"),
        ("{{range .Mounts}}{{.Source}} {{end}}", "/a /b "),
        ("{{range .Networks}}{{.IPAddress}},{{end}}", "172.30.0.2,10.0.0.2,"),
        ("{{range .Empty}}x{{else}}none{{end}}", "none"),
        ("{{range .Mounts}}{{$.Name}}{{end}}", "webweb"),
        ("{{if .State.Running}}up{{else}}down{{end}}", "up"),
        ("{{if .State.Error}}bad{{end}}", ""),
        ("{{with .State}}{{.ExitCode}}{{end}}", "0"),
        ("a {{- .Name -}} b", "awebb"),
        ('{{"text"}}', "text"),
        ("{{.State}}", "map[Error: ExitCode:0 Running:true]"),
    ],
)
def test_templates_render_as_in_go(template: str, text: str) -> None:
    assert Template(template).render(VALUE) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{",
        "{{end}}",
        "{{range .X}}",
        "{{if .X}}{{else}}",
        "{{}}",
        "{{.A |}}",
        "{{nonsense .A}}",
        '{{"open}}',
        "{{len 1}}",
    ],
)
def test_templates_that_cannot_be_read_are_refused(template: str) -> None:
    with pytest.raises(UsageError, match="template"):
        Template(template).render(VALUE)
