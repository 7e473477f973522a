"""Which action moves which motor of a Crazyflie, and how a command becomes thrust."""

from dataclasses import dataclass

from telic.deploy.checked import ContractError
from telic.deploy.contract import Contract
from telic.deploy.contract_parts import Airframe

# Rates of the stabiliser loop that the firmware can divide to.
RATES_HZ = (1000, 500, 250, 100, 50)

# What `telic_convert.c` can work out.
SIGNALS = (
    "position",
    "velocity",
    "rotation",
    "angular_velocity",
    "position_error",
    "velocity_error",
    "attitude",
    "acceleration_ahead",
)

# From a bare Crazyflie without battery to a brushless one with decks [kg].
MASS_RANGE = (0.015, 0.1)

# Signs of x and y of M1 to M4, and the signs of their reaction torques about body z.
_QUADRANTS = ((1, -1), (-1, -1), (-1, 1), (1, 1))
_DIRECTIONS = (-1, 1, -1, 1)


@dataclass(frozen=True)
class Wiring:
    """A policy's actions on a Crazyflie.

    Attributes:
        mass: Of the vehicle [kg].
        rotors: Index of the action for each motor, M1 to M4.
        command_scale: The contract's, one per action.
        command_offset: The contract's, one per action.
        thrust_coefficients: c0, c1, c2 of the thrust of a command [N].
        fastest: Largest command.
    """

    mass: float
    rotors: tuple[int, ...]
    command_scale: tuple[float, ...]
    command_offset: tuple[float, ...]
    thrust_coefficients: tuple[float, float, float]
    fastest: float

    @classmethod
    def of(cls, contract: Contract) -> "Wiring":
        """Find out how a contract's policy flies a Crazyflie.

        Raises:
            ContractError: If it cannot, with the field and what would be allowed.
        """
        airframe, action = _airframe(contract), contract.action
        if contract.rates.execution_hz not in RATES_HZ:
            problem = f"is {contract.rates.execution_hz}; the Crazyflie's loop allows {', '.join(map(str, RATES_HZ))}"
            raise ContractError("rates.execution_hz", problem)
        for i, term in enumerate(contract.inputs):
            if term.signal not in SIGNALS:
                problem = f"is {term.signal!r}, which a Crazyflie does not provide; it has {', '.join(SIGNALS)}"
                raise ContractError(f"observation[{i}].signal", problem)
        if not MASS_RANGE[0] <= airframe.mass <= MASS_RANGE[1]:
            low, high = MASS_RANGE
            raise ContractError("airframe.mass", f"is {airframe.mass} kg; a Crazyflie has {low:g} to {high:g} kg")
        if airframe.thrust_coefficients is None:
            raise ContractError("airframe.thrust_coefficients", "is null; the Crazyflie is told forces and needs them")
        return cls(
            mass=airframe.mass,
            rotors=_rotors(contract),
            command_scale=action.command_scale,
            command_offset=action.command_offset,
            thrust_coefficients=airframe.thrust_coefficients,
            fastest=max(
                scale * high + offset
                for scale, high, offset in zip(action.command_scale, action.high, action.command_offset, strict=True)
            ),
        )


def _airframe(contract: Contract) -> Airframe:
    if contract.airframe is None:
        raise ContractError("airframe", "is null: this policy flies no multirotor; export it without 'crazyflie'")
    return contract.airframe


def _rotors(contract: Contract) -> tuple[int, ...]:
    """Match rotors to motors by where they sit, and refuse those that would turn the vehicle the wrong way."""
    airframe = _airframe(contract)
    quadrants = [(1 if x > 0 else -1, 1 if y > 0 else -1) for x, y, _ in airframe.rotor_positions]
    if contract.action.size != 4 or sorted(quadrants) != sorted(_QUADRANTS):
        raise ContractError(
            "airframe.rotor_positions", f"have quadrants {quadrants}; expected one rotor in each of four"
        )
    rotors = tuple(quadrants.index(quadrant) for quadrant in _QUADRANTS)
    directions = tuple(airframe.rotor_directions[i] for i in rotors)
    if directions != _DIRECTIONS:
        problem = f"are {directions} for M1 to M4; the propellers of a Crazyflie give {_DIRECTIONS}"
        raise ContractError("airframe.rotor_directions", problem)
    return rotors
