"""Behaviour-aligned blending: a heuristic reward counts only as far as it helps the reward that is meant.

Gupta, Chandak, Jordan, Thomas and da Silva 2023, Behavior Alignment via Reward Function Optimization (arXiv
2310.19007). With theta the policy's and phi the blend's parameters (see `rewards.blend.Blend`):

    inner    theta*(phi) = argmax_theta  J(theta; r_phi) - lambda / 2 |theta|^2,   r_phi = phi1 + phi2 r_p + phi3 r_aux
    outer    phi* = argmax_phi  J(theta*(phi); r_p)

The outer objective sees phi only through theta*. At the inner optimum, the update D(theta, phi), which is the gradient
of the inner objective by theta, vanishes; so that by the implicit function theorem

    d theta* / d phi = -H^-1 A,                     H = dD/d theta,  A = dD/d phi
    grad_phi J(theta*; r_p) = -A^T H^-1 grad_theta J(theta*; r_p)

The linear system is solved by conjugate gradients from products with H alone, where the paper sums a Neumann series of
the same products.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

Objective = Callable[[], torch.Tensor]
Parameters = Sequence[torch.Tensor]


@dataclass(frozen=True)
class BarfiConfig:
    """How the two levels learn.

    Attributes:
        outer_steps: Updates of the blend.
        inner_steps: Updates of the policy before each of them, from where it is.
        inner_rate: Learning rate of the policy.
        outer_rate: Of the blend.
        decay: lambda: keeps the inner optimum finite and its Hessian definite.
        solver_steps: Most products with the Hessian for each update of the blend.
    """

    outer_steps: int = 50
    inner_steps: int = 50
    inner_rate: float = 0.1
    outer_rate: float = 0.1
    decay: float = 0.01
    solver_steps: int = 30

    def __post_init__(self) -> None:
        for name in ("outer_steps", "inner_steps", "solver_steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: 1 and more")
        for name in ("inner_rate", "outer_rate", "decay"):
            if not 0.0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: finite and above 0")


def align(
    inner: Objective, outer: Objective, theta: Parameters, phi: Parameters, config: BarfiConfig | None = None
) -> list[float]:
    """Learn a blend and the policy that follows it; both are changed in place.

    Args:
        inner: The blend's return of the present policy, differentiable twice by `theta`, and by `phi`. From sampled
            episodes, mean over episodes of ``sum_t log pi(a_t | s_t) G_t`` with returns G of the blend.
        outer: The primary reward's return of the present policy, differentiable by `theta`.
        theta: Parameters of the policy.
        phi: Parameters of the blend.
        config: How to learn.

    Returns:
        The outer objective after each update of the policy, one for each update of the blend.

    Raises:
        ArithmeticError: If an objective is not finite.
    """
    config = config or BarfiConfig()
    inner_optimiser = torch.optim.Adam(theta, lr=config.inner_rate, maximize=True)
    outer_optimiser = torch.optim.Adam(phi, lr=config.outer_rate, maximize=True)

    def regularised() -> torch.Tensor:
        return inner() - config.decay / 2.0 * sum((part**2).sum() for part in theta)

    history = []
    for _ in range(config.outer_steps):
        for _ in range(config.inner_steps):
            _put(theta, torch.autograd.grad(regularised(), theta))
            inner_optimiser.step()
        history.append(_finite(outer()))
        _put(phi, implicit_gradient(regularised, outer, theta, phi, config.solver_steps))
        outer_optimiser.step()
    return history


def implicit_gradient(
    inner: Objective, outer: Objective, theta: Parameters, phi: Parameters, solver_steps: int = 30
) -> list[torch.Tensor]:
    """The gradient of the outer objective by the blend, through the inner optimum.

    Args:
        inner: The regularised inner objective, at its optimum by `theta`.
        outer: The outer objective.
        theta: Parameters of the policy.
        phi: Parameters of the blend.
        solver_steps: Most products with the Hessian.

    Returns:
        One tensor for each of `phi`.
    """
    update = _flat(torch.autograd.grad(inner(), theta, create_graph=True))
    wanted = _flat(torch.autograd.grad(outer(), theta))

    def minus_hessian(vector: torch.Tensor) -> torch.Tensor:
        return -_flat(torch.autograd.grad(update, theta, vector, retain_graph=True))

    solved = _conjugate_gradients(minus_hessian, wanted, solver_steps)
    return list(torch.autograd.grad(update, phi, solved, materialize_grads=True))


def _conjugate_gradients(
    product: Callable[[torch.Tensor], torch.Tensor], wanted: torch.Tensor, steps: int
) -> torch.Tensor:
    """Solve product(x) = wanted; stops where the matrix is not positive, as away from an optimum (Steihaug 1983)."""
    found, residual = torch.zeros_like(wanted), wanted.clone()
    direction, size = residual.clone(), residual @ residual
    tolerance = 1e-10 * size
    for _ in range(steps):
        if size <= tolerance:
            break
        along = product(direction)
        curvature = direction @ along
        if curvature <= 0.0:
            # The first direction is the gradient itself, which is better than nothing.
            return found if found.any() else wanted
        step = size / curvature
        found, residual = found + step * direction, residual - step * along
        size, before = residual @ residual, size
        direction = residual + size / before * direction
    return found


def _flat(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.cat([part.reshape(-1) for part in parts])


def _put(parameters: Parameters, gradients: Sequence[torch.Tensor]) -> None:
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.detach()


def _finite(value: torch.Tensor) -> float:
    if not torch.isfinite(value):
        raise ArithmeticError(f"the outer objective is {value.item()}; lower inner_rate, or bound the rewards")
    return value.item()
