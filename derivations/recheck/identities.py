"""The table of all identities by theorem id, in reading order; `evidence` runs them."""

from derivations.recheck.changes import CHANGES
from derivations.recheck.functions import FUNCTIONS
from derivations.recheck.graphs import GRAPHS, LIVE
from derivations.recheck.image_operations import FLAT, OPERATIONS
from derivations.recheck.integers import INTEGERS
from derivations.recheck.networks import NETWORKS, Identity
from derivations.recheck.neurons import NEURONS
from derivations.recheck.norms import NORMS
from derivations.recheck.orchestration import ORCHESTRATION
from derivations.recheck.removals import REMOVALS
from derivations.recheck.scales import SCALES
from derivations.recheck.spectra_of_channels import CHANNELS
from derivations.recheck.steps import STEPS
from derivations.recheck.training import TRAINING

IMAGES: dict[str, Identity] = OPERATIONS | NORMS | GRAPHS | FLAT | LIVE | CHANNELS
IDENTITIES: dict[str, Identity] = (
    NETWORKS | CHANGES | NEURONS | REMOVALS | SCALES | FUNCTIONS | TRAINING | STEPS | ORCHESTRATION | IMAGES | INTEGERS
)
