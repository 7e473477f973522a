"""An exported Crazyflie controller, and a firmware around it that a test can drive."""

import ctypes
import functools
import shutil
from pathlib import Path

import numpy as np
import pytest

from telic.deploy.crazyflie.check import copy_firmware_headers
from telic.deploy.crazyflie.export import write_crazyflie
from telic.deploy.crazyflie.frames import Estimate, Setpoint
from telic.deploy.generate_c import generate_c
from telic.deploy.toolchain import EXACT_FLOATS, find, run

MODE_ABS = 1

# The firmware's structures, as in the stand-in headers.


def structure(kind, /, **fields):
    return type(kind, (ctypes.Structure,), {"_fields_": list(fields.items())})


u8, u32, u64, f32 = ctypes.c_uint8, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_float
Vec3 = structure("Vec3", timestamp=u32, x=f32, y=f32, z=f32)
Attitude = structure("Attitude", timestamp=u32, roll=f32, pitch=f32, yaw=f32)
Quaternion = structure("Quaternion", x=f32, y=f32, z=f32, w=f32)
Axis = structure("Axis", x=f32, y=f32, z=f32)
Sensors = structure("Sensors", acc=Axis, gyro=Axis, mag=Axis, baro=Axis, interruptTimestamp=u64)
State = structure("State", attitude=Attitude, attitudeQuaternion=Quaternion, position=Vec3, velocity=Vec3, acc=Vec3)
Control = structure("Control", normalizedForces=f32 * 4, controlMode=u32)
Mode = structure("Mode", x=u32, y=u32, z=u32, roll=u32, pitch=u32, yaw=u32, quat=u32)
SetpointC = structure(
    "SetpointC",
    timestamp=u32,
    attitude=Attitude,
    attitudeRate=Attitude,
    attitudeQuaternion=Quaternion,
    thrust=f32,
    position=Vec3,
    velocity=Vec3,
    acceleration=Vec3,
    velocity_body=ctypes.c_bool,
    mode=Mode,
)
Variable = structure("Variable", type=u8, name=ctypes.c_char_p, address=ctypes.c_void_p)


class Firmware:
    """A Crazyflie that stands still in the air, one millisecond at a time."""

    def __init__(self, library, contract):
        self.library = ctypes.CDLL(str(library))
        self.contract = contract
        self.control, self.setpoint, self.sensors, self.state = Control(), SetpointC(), Sensors(), State()
        self.step = 0
        self.state.attitudeQuaternion.w = 1.0
        self.state.position.z = self.setpoint.position.z = 1.0
        self.setpoint.mode = Mode(x=MODE_ABS, y=MODE_ABS, z=MODE_ABS, yaw=MODE_ABS)
        self._now = u64.in_dll(self.library, "fake_now_us")
        self._now.value = 5_000_000
        self.library.controllerOutOfTreeInit()

    @property
    def now_us(self):
        return self._now.value

    def run(self, milliseconds=1, *, command=True, sense=True):
        """Let time pass; give the control mode at the end."""
        for _ in range(milliseconds):
            self.step += 1
            self._now.value += 1000
            if command:
                self.setpoint.timestamp = self.now_us // 1000
            if sense:
                self.sensors.interruptTimestamp = self.now_us - 300
            self.library.controllerOutOfTree(
                *(ctypes.byref(x) for x in (self.control, self.setpoint, self.sensors, self.state)), u32(self.step)
            )
        return self.control.controlMode

    def enable(self, value=1):
        """Set the parameter over the radio."""
        (row,) = (row for row in self._rows("param") if row.name == b"enable")
        u8.from_address(row.address).value = value

    def log(self, name):
        """Read a log variable over the radio."""
        (row,) = (row for row in self._rows("log") if row.name == name.encode())
        return {1: u8, 3: u32, 7: f32}[row.type].from_address(row.address).value

    def _rows(self, table):
        rows = (Variable * 32).in_dll(self.library, f"standin_{table}_telic")
        return rows[: next(i for i, row in enumerate(rows) if row.name is None)]

    def stock(self, name):
        """What the stock controller counted: calls, resets, or the step it saw last."""
        return u32.in_dll(self.library, f"fake_stock_{name}").value

    @property
    def forces(self):
        return list(self.control.normalizedForces)

    def show(self, estimate, setpoint):
        """Take over an estimate and a setpoint."""
        assign(self.state.position, estimate.position)
        assign(self.state.velocity, estimate.velocity)
        assign(self.state.attitudeQuaternion, estimate.quaternion_xyzw)
        assign(self.sensors.gyro, estimate.gyro_deg)
        assign(self.setpoint.position, setpoint.position)
        assign(self.setpoint.velocity, setpoint.velocity)
        assign(self.setpoint.acceleration, setpoint.acceleration)
        if setpoint.yaw_deg is None:
            assign(self.setpoint.attitudeQuaternion, setpoint.quaternion_xyzw)
            self.setpoint.mode.yaw, self.setpoint.mode.quat = 0, MODE_ABS
        else:
            self.setpoint.attitude.yaw = setpoint.yaw_deg


def assign(target, values):
    for name, value in zip("xyzw", values, strict=False):
        setattr(target, name, value)


@pytest.fixture(scope="session")
def exported(make_exported):
    """A track policy, so that all signals are there; the rotors' rate is limited, so that the filter has work."""
    return make_exported(track=True, rate_limit=100.0, velocity_limit=3.0, position_limit=0.5)


@pytest.fixture(scope="session")
def folder(exported, tmp_path_factory):
    """What `write_crazyflie` wrote."""
    sources = tmp_path_factory.mktemp("crazyflie")
    program = generate_c(exported.weights, exported.contract)
    (sources / "policy.h").write_text(program.header)
    (sources / "policy.c").write_text(program.source)
    return write_crazyflie(exported.contract, sources, sources / "crazyflie")


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """Compile a folder and the fake firmware for this machine, with any more flags."""

    @functools.cache
    def compile_all(folder, *flags):
        target = tmp_path_factory.mktemp("firmware") / "build"
        shutil.copytree(folder / "src", target)
        copy_firmware_headers(target)
        shutil.copy(Path(__file__).with_name("fake_firmware.c"), target)
        sources = sorted(path.name for path in target.glob("*.c"))
        warnings = ("-Wall", "-Wextra", "-Werror", "-Wdouble-promotion")
        options = ("-std=gnu11", *warnings, *EXACT_FLOATS, "-O1", "-shared", "-fPIC", *flags)
        run([find("cc"), *options, *sources, "-lm", "-o", "firmware.so"], target, 60.0)
        return target / "firmware.so"

    return compile_all


@pytest.fixture(scope="session")
def library(build, folder):
    return build(folder)


@pytest.fixture
def boot(exported, tmp_path):
    """Start a compiled firmware, of which no other test has seen the state."""
    return lambda library: Firmware(shutil.copy(library, tmp_path / "firmware.so"), exported.contract)


@pytest.fixture
def firmware(boot, library):
    return boot(library)


@pytest.fixture(scope="session")
def random_flight():
    """Call it with a generator for a plausible estimate and setpoint."""

    def draw(rng):
        x, y = rng.uniform(-0.25, 0.25, 2)
        turn = rng.uniform(-np.pi, np.pi)
        rest = np.sqrt(1 - x * x - y * y)
        estimate = Estimate(
            position=rng.uniform([-0.2, -0.2, 0.8], [0.2, 0.2, 1.2]),
            velocity=rng.uniform(-1, 1, 3),
            quaternion_xyzw=np.array([x, y, rest * np.sin(turn), rest * np.cos(turn)], np.float32),
            gyro_deg=rng.uniform(-200, 200, 3),
        )
        setpoint = Setpoint(
            position=rng.uniform([-0.1, -0.1, 0.9], [0.1, 0.1, 1.1]),
            velocity=rng.uniform(-0.5, 0.5, 3),
            acceleration=rng.uniform(-3, 3, 3),
            yaw_deg=float(rng.uniform(-400, 400)),
        )
        return estimate, setpoint

    return draw
