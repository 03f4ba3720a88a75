"""The suite's metrics."""

import subprocess

import pytest

from strata_chassis import metrics_text
from strata_gateway.core.figures import CacheFigures, Figures, RuntimeFigures, StoreFigures, families

EVERYTHING = Figures(
    up={"store": True, "runtime": False},
    runtime=RuntimeFigures({"running": 2, "exited": 1}, {"sha256:aa": 2, "sha256:bb": 0}),
    store=StoreFigures(2, 3, 300, 100, 60, 5),
    cache=CacheFigures(3, 1000, 7, 4),
)


def page(figures):
    return metrics_text.render(families(figures)).decode()


def test_every_figure_is_shown():
    lines = page(EVERYTHING).splitlines()
    assert 'strata_up{service="runtime"} 0.0' in lines
    assert 'strata_containers{state="running"} 2.0' in lines
    assert 'strata_layer_mount_containers{layer="sha256:aa"} 2.0' in lines
    assert "strata_dedup_ratio 3.0" in lines
    assert "strata_cache_hits_total 7.0" in lines


def test_a_silent_service_leaves_its_figures_out():
    assert page(Figures(up={"store": False})).count("# TYPE") == 1


def test_an_empty_store_shares_nothing():
    assert "strata_dedup_ratio 1.0" in page(Figures(store=StoreFigures(0, 0, 0, 0, 0, 0)))


def test_the_number_of_layer_series_is_bounded():
    mounts = {f"sha256:{n:04}": n for n in range(1000)}
    shown = [line for line in page(Figures(runtime=RuntimeFigures({}, mounts))).splitlines() if "{layer=" in line]
    assert len(shown) == 51
    assert f'strata_layer_mount_containers{{layer="other"}} {float(sum(range(950)))}' in shown


@pytest.mark.parametrize("figures", [EVERYTHING, Figures()])
def test_promtool_finds_nothing_to_say(figures):
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=page(figures), text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
