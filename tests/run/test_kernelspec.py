"""Which kernel a notebook gets, by what its metadata say and what is asked for."""

from __future__ import annotations

import pytest
from jupyter_client.kernelspec import NoSuchKernel

from fourfold.errors import FourfoldError
from fourfold.run.kernelspec import check_kernel, complete, kernel_for

OURS = ("python3", "python")
GEO = {"name": "conda-env-geo-py", "display_name": "geo", "language": "python"}


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"kernelspec": None, "language_info": None},
        {"kernelspec": "python3"},
        {"kernelspec": {"name": ""}},
        {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        {"kernelspec": GEO},
        {"kernelspec": {"name": "py39", "language": "Python"}},
        {"kernelspec": {"name": "py39"}, "language_info": {"name": "python"}},
        {"language_info": {"name": "python"}},
    ],
)
def test_a_notebook_in_python_has_this_python(metadata):
    """Whoever's environment it names, and if it names none."""
    assert kernel_for(metadata) == OURS
    complete(metadata, OURS)
    assert metadata["kernelspec"]["name"]
    assert metadata["kernelspec"]["display_name"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir"}},
        {"kernelspec": {"name": "ir", "language": "R"}},
        {"kernelspec": {"name": "sas"}, "language_info": {"name": "sas"}},
    ],
)
def test_another_language_has_its_own_kernel_or_none(metadata):
    """Python would execute it wrongly; what is asked for is another thing."""
    with pytest.raises(NoSuchKernel):
        kernel_for(metadata)
    assert kernel_for(metadata, "python3") == OURS
    assert kernel_for(metadata, "fourfold") == ("fourfold", "python")


def test_what_is_asked_for_has_no_substitute():
    """And is refused before anything runs."""
    with pytest.raises(NoSuchKernel):
        kernel_for({"kernelspec": GEO}, "geo")
    with pytest.raises(
        FourfoldError, match=r"expected one of .*got 'pyton3'\. Did you mean 'python3'"
    ):
        check_kernel("pyton3")
    check_kernel("python3")


def test_a_whole_kernelspec_stays_as_it_is():
    """Also that of another environment."""
    metadata = {"kernelspec": dict(GEO)}
    complete(metadata, OURS)
    assert metadata == {"kernelspec": GEO}
