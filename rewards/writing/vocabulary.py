"""The words that the writer knows: acts, shapes, manners, fillers, and what it knows but cannot do."""

# "hover", "hold", "takeoff", "climb", "descend", "move", "visit", "return", "turn", "spin", "figure_eight", "circle",
# "ellipse", "polygon", or "trace", which stands for "do" and "draw" and needs a figure.
Act = str
# "slow", "fast", "smooth", "precise" or "still".
Manner = str


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


def _by_word(table: dict[str, str]) -> dict[str, str]:
    return {word: meaning for meaning, text in table.items() for word in text.split()}


def _forms(verbs: str) -> str:
    """Verbs with their third person and -ing form: a sentence may say ``hovers`` or ``keep hovering``."""
    forms: list[str] = []
    for verb in verbs.split():
        stem = verb[:-1] if verb.endswith("e") and not verb.endswith("ee") else verb
        forms += [verb, f"{verb}s", f"{verb}es", f"{stem}ing", f"{verb}{verb[-1]}ing"]
        if verb.endswith("y"):
            forms.append(f"{verb[:-1]}ies")
    return " ".join(forms)


_VERBS: dict[Act, str] = {
    "hover": "hover levitate loiter float hang",
    "hold": "hold stay remain keep maintain wait park stop halt pause freeze stabilise stabilize dwell be",
    "climb": "climb ascend rise elevate soar lift raise",
    "descend": "descend sink lower dip",
    "move": "go fly move advance travel proceed navigate shift drift slide glide relocate reposition translate cruise "
    "come get bring take send pull push dash hop",
    "visit": "visit tour reach pass touch",
    "return": "return",
    "turn": "turn yaw pivot swivel face look aim",
    "spin": "spin rotate twirl whirl pirouette revolve",
    "trace": "trace draw describe repeat make do perform execute follow complete sketch outline carve",
    "circle": "orbit",
    "takeoff": "takeoff",
}
VERBS = _by_word({act: _forms(verbs) for act, verbs in _VERBS.items()})

# Nouns and adjectives that name a figure.
SHAPES = _by_word(
    {
        "figure_eight": "figureeight figureeights lemniscate infinity",
        "circle": "circle circles circling circular ring rings",
        "ellipse": "ellipse elliptical oval",
        "polygon": "triangle triangular square squares rectangle rectangular pentagon hexagon octagon",
    }
)
_CORNERS = {
    3: "triangle triangular",
    4: "square squares rectangle rectangular",
    5: "pentagon",
    6: "hexagon",
    8: "octagon",
}
CORNERS = {word: number for number, names in _CORNERS.items() for word in names.split()}

MANNERS = _by_word(
    {
        "slow": "slowly slow leisurely unhurriedly",
        "fast": "quickly quick fast rapidly swiftly briskly speedily",
        "smooth": "gently gentle smoothly smooth softly soft calmly calm carefully careful easy lightly",
        "precise": "precisely precise accurately accurate exactly exact tightly perfectly closely",
        "still": "still upright steady steadily stable stably motionless stationary unmoving quietly",
    }
)

# Sizes without a number, as a factor of the assumed size.
SIZES = {"tiny": 0.3, "small": 0.5, "big": 1.5, "large": 1.5, "huge": 2.0}

# Words of grammar and courtesy that carry nothing that a writer needs, whatever the robot.
COURTESIES = words(
    """
    a an the this that these those it its itself you your yourself i we us me my our own
    and then also too just so as with of at in on by to for from into onto over via through toward towards about
    around above off near between along out up is are am been will would can could shall should may might must
    want wants need needs like please kindly let have having has try tries trying learn learns teach train ask asks
    tell tells put set going able use using some same which who what whose where
    following now next first finally lastly afterwards after before until till while whilst when once here again back
    bit very quite all each one other task job policy robot machine
    constant constantly continuously continuous manner fashion state way autonomously
    = """
)
# Further words of flights that carry nothing.
FILLERS = COURTESIES | words(
    """
    goal drone drones quadrotor quadrotors quadcopter quadcopters copter uav aircraft vehicle crazyflie
    position place station point points spot location coordinates coordinate waypoint waypoints
    inplace theground thestart altitude height elevation level speed velocity pace rate time period afloat
    path trajectory track route course pattern reference shape shaped figure curve symbol sign loop looping
    manoeuvre maneuver direction side sides axis vertical vertically horizontal horizontally diagonally
    lap laps loops round rounds regular full complete middle
    air flight flying mode order sequence
    x y z
    """
)

# What people ask a quadrotor for and Telic cannot do, with the reason.
_UNSUPPORTED = {
    "the ground is not simulated, so landing is not supported": "land lands landing touchdown perch",
    "tilting by more than 90 degrees is not supported": "flip flips backflip somersault roll rolls upside inverted",
    "following something that moves is not supported": "chase pursue",
    "obstacles are not simulated": "dodge evade obstacle obstacles",
    "this figure is not supported": "spiral spirals helix corkscrew zigzag zigzags sinusoid heart star",
    "swinging to and fro is not supported": "toandfro",
    "only flights can be asked for": "throttle motor motors rotors propellers arm disarm",
}
UNSUPPORTED = _by_word(_UNSUPPORTED)

# A clause with one of these says what not to do; nothing in it may be read as a wish.
NEGATIONS = words(
    "not never no without avoid avoids avoiding refuse instead except neither nor none rather nothing nobody "
    "refrain quit cease prevent"
)

# A clause with one of these leaves a choice or depends on something.
CONDITIONS = words("if unless whenever because or")
# With these it depends on something if the rest is not understood: "until the bell rings".
EVENTS = words("until till when once while")

# Sentences that begin so ask for an answer and not for a flight.
QUESTIONS = words("what how why when who whom whose where which is are was were does did has had")
