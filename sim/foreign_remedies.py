"""What other packages need before they run on MuJoCo 4: each remedy in one function, and none where it is not needed.

The packages were written for MuJoCo 3. Nothing of theirs is changed on disk, and a release that works without its
remedy meets a function that finds nothing to do.
"""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

from types import SimpleNamespace

import mujoco
import numpy as np


def mend_dm_control() -> None:
    """Let dm_control 1.0.50 and older forget the arrays that MuJoCo 4 no longer has (flex Jacobians and the like).

    They are in a table of the sizes of all arrays, and each one is looked up when a model is made.
    """
    from dm_control.mujoco.wrapper.mjbindings import sizes

    for name, struct in (("mjmodel", mujoco.MjModel), ("mjdata", mujoco.MjData)):
        table = sizes.array_sizes[name]
        for field in [field for field in table if not hasattr(struct, field)]:
            del table[field]


def mend_gymnasium_robotics() -> None:
    """Let gymnasium-robotics 1.4.2 and older ask what kind a joint is.

    They write ``joint_type in (mjtJoint.mjJNT_HINGE, mjtJoint.mjJNT_SLIDE)``, where the joint's type is a NumPy number,
    which MuJoCo 4's constants do not compare equal to from the left. In their module they become plain numbers.
    """
    if np.int32(mujoco.mjtJoint.mjJNT_HINGE) in (mujoco.mjtJoint.mjJNT_HINGE,):
        return
    from gymnasium_robotics.utils import mujoco_utils

    kinds = SimpleNamespace(**{name: int(kind) for name, kind in mujoco.mjtJoint.__members__.items()})
    mujoco_utils.mujoco = SimpleNamespace(**{**vars(mujoco), "mjtJoint": kinds})


def mend_metaworld() -> None:
    """Let Meta-World 3.1.1 and older set its welds, of which MuJoCo 4 keeps twelve numbers and MuJoCo 3 eleven."""
    if mujoco.mjNEQDATA == len(_WELD):
        return
    from metaworld.sawyer_xyz_env import SawyerMocapBase

    def reset_mocap_welds(self) -> None:  # noqa: ANN001
        welds = self.model.eq_type == mujoco.mjtEq.mjEQ_WELD
        self.model.eq_data[welds, : len(_WELD)] = _WELD

    SawyerMocapBase.reset_mocap_welds = reset_mocap_welds


# As in Meta-World: no offset, a half turn about z, and five times the usual weight of the rotation.
_WELD = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 5.0)
