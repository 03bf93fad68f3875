"""The table of all identities by theorem id, in reading order; `evidence` runs them."""

from derivations.recheck.changes import CHANGES
from derivations.recheck.functions import FUNCTIONS
from derivations.recheck.integers import INTEGERS
from derivations.recheck.networks import NETWORKS, Identity
from derivations.recheck.neurons import NEURONS
from derivations.recheck.orchestration import ORCHESTRATION
from derivations.recheck.removals import REMOVALS
from derivations.recheck.scales import SCALES
from derivations.recheck.steps import STEPS
from derivations.recheck.training import TRAINING

IDENTITIES: dict[str, Identity] = (
    NETWORKS | CHANGES | NEURONS | REMOVALS | SCALES | FUNCTIONS | TRAINING | STEPS | INTEGERS | ORCHESTRATION
)
