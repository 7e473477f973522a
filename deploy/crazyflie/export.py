"""Write the out-of-tree controller folder of the Crazyflie firmware."""

import shutil
from importlib import resources
from pathlib import Path
from string import Template

from telic.deploy.c_text import c_float, fill
from telic.deploy.contract import Contract
from telic.deploy.crazyflie.wiring import Wiring
from telic.deploy.generate_safety import generate_safety

_BUILD_FILES = {
    "Makefile": "Makefile.mk",
    "Kbuild": "Kbuild.mk",
    "app-config": "app-config.mk",
    "src/Kbuild": "src_Kbuild.mk",
}


def write_crazyflie(contract: Contract, c_sources: Path, out: Path) -> Path:
    """Write a folder that builds a Crazyflie firmware with the policy in it.

    Args:
        contract: Of the policy.
        c_sources: Folder with the exported ``policy.h`` and ``policy.c``.
        out: Folder to write.

    Returns:
        The folder.

    Raises:
        ContractError: If a Crazyflie cannot fly this policy, with the field and what would be allowed.
    """
    wiring = Wiring.of(contract)
    source = Path(out) / "src"
    source.mkdir(parents=True, exist_ok=True)
    for name in ("policy.h", "policy.c"):
        shutil.copyfile(Path(c_sources) / name, source / name)
    convert = {"data": _convert_data(contract, wiring), "inputs": "\n".join(_inputs(contract))}
    rate = f"#define TELIC_RATE_HZ {contract.rates.execution_hz}"
    files = {
        **{name: _template(template) for name, template in _BUILD_FILES.items()},
        **{f"src/{name}": text for name, text in generate_safety(contract).items()},
        "src/telic_convert.h": _template("telic_convert.h"),
        "src/telic_convert.c": fill(_template("telic_convert.c"), convert),
        "src/controller_telic.c": fill(_template("controller_telic.c"), {"data": rate}),
        "README.md": _readme(contract, wiring),
    }
    for name, text in files.items():
        (Path(out) / name).write_text(text, encoding="utf-8")
    return Path(out)


def _template(name: str) -> str:
    return (resources.files("telic.deploy.crazyflie") / "templates" / name).read_text(encoding="utf-8")


def _convert_data(contract: Contract, wiring: Wiring) -> str:
    def numbers(values: tuple[float, ...]) -> str:
        return ", ".join(c_float(value) for value in values)

    lines = [f"#define TELIC_THRUST_{power} ({c_float(c)})" for power, c in enumerate(wiring.thrust_coefficients)]
    lines += [
        f"#define TELIC_FASTEST {c_float(wiring.fastest)}",
        "",
        f"const float telic_initial_action[POLICY_ACTIONS] = {{{numbers(contract.action.initial)}}};",
        f"static const float telic_command_scale[POLICY_ACTIONS] = {{{numbers(wiring.command_scale)}}};",
        f"static const float telic_command_offset[POLICY_ACTIONS] = {{{numbers(wiring.command_offset)}}};",
        "/* The action that moves M1 (front right), M2 (back right), M3 (back left), M4 (front left). */",
        f"static const size_t telic_rotor[STABILIZER_NR_OF_MOTORS] = {{{', '.join(f'{i}u' for i in wiring.rotors)}}};",
    ]
    return "\n".join(lines)


def _inputs(contract: Contract) -> list[str]:
    lines, start = [], 0
    for term in contract.inputs:
        lines.append(f"    telic_put(&inputs[{start}], seen.{term.signal}, {term.size}u);")
        start += term.size
    return lines


def _readme(contract: Contract, wiring: Wiring) -> str:
    action, fault = contract.action, contract.fault
    c0, c1, c2 = wiring.thrust_coefficients
    slowest = min(s * a + o for s, a, o in zip(action.command_scale, action.low, action.command_offset, strict=True))
    limits = (
        ("a position error beyond {:g} m on an axis", fault.position_limit),
        ("a tilt beyond {:g} degrees", fault.tilt_limit_deg),
        ("a velocity error beyond {:g} m/s on an axis", fault.velocity_limit),
        ("an angular velocity beyond {:g} rad/s on an axis", fault.angular_velocity_limit),
    )
    faults = ["inputs that are not finite", f"sensors older than {1000 * fault.input_timeout_s:g} ms"]
    faults += [text.format(limit) for text, limit in limits if limit is not None]
    return Template(_template("README.md")).substitute(
        name=contract.name,
        vehicle=contract.robot,
        mass_g=f"{1000 * wiring.mass:.3g}",
        hash=contract.sha256,
        faults=", ".join(faults),
        period_us=1_000_000 // contract.rates.execution_hz,
        slowest=f"{slowest:g}",
        fastest=f"{wiring.fastest:g}",
        unit=action.command_unit,
        c0=f"{c0:g}",
        c1=f"{c1:g}",
        c2=f"{c2:g}",
        full_force=f"{c0 + c1 * wiring.fastest + c2 * wiring.fastest**2:.3g}",
        rotors=", ".join(f"M{motor + 1} is action `{action.names[i]}`" for motor, i in enumerate(wiring.rotors)),
    )
