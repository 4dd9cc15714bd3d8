"""Filter banks and kvpress' press for them: what check_kvpress.py compares."""

import subprocess

import kvpress
import kvsnap
import torch


def export_bank(command, bank, folder):
    """Writes a bank in the hub's layout, with a model card for a repository of this name."""
    folder.parent.mkdir()
    repository = ["--repository", f"{folder.parent.name}/{folder.name}"]
    subprocess.run(
        [command, "export", bank, folder, *repository], check=True, stdout=subprocess.DEVNULL
    )


def check_package(model, bank, work):
    """The Python package gives the press its filters, and makes a bank of what the press has."""
    press, own = kvpress.QFilterPress(), kvsnap.Filters.open(bank)
    press.post_init_from_model(model)
    assert torch.equal(own.to_kvpress(), press.q_filters), "the package has other filters"
    kvsnap.Filters.from_kvpress(press, own.identity).save(work / "again.qfilt")
    again = kvsnap.Filters.open(work / "again.qfilt")
    assert (again.array == own.array).all(), "the press gives the package other filters"
    assert again.identity.values == own.identity.values
