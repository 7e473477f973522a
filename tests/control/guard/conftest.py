"""What tests of small networks share."""

import pytest
import torch


@pytest.fixture(scope="module")
def one_thread():
    """Several threads for matrices of a few dozen rows only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
