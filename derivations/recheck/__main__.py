"""`python -m derivations.recheck [--quick]`: evaluate every identity, print one line each, exit 1 on a refusal."""

import sys
from math import ceil

from derivations.recheck.evidence import FULL, QUICK, Evidence, recheck
from derivations.recheck.identities import IDENTITIES


def line(evidence: Evidence) -> str:
    if evidence.failure:
        where = f"point {evidence.failure.point}, seed {evidence.seed}, {evidence.failure.sizes}"
        return f"{evidence.id:24} REFUSED at {where}: {evidence.failure.message}"
    error = "exact rationals" if evidence.log2_error is None else f"error < 2^{ceil(evidence.log2_error)}"
    return (
        f"{evidence.id:24} {evidence.points:3} points  degree {evidence.degree:4}  {error:16}  {evidence.seconds:.2f} s"
    )


def main(arguments: list[str]) -> int:
    points = QUICK if "--quick" in arguments else FULL
    refused = 0
    for identity_id in IDENTITIES:
        evidence = recheck(identity_id, points)
        refused += evidence.failure is not None
        print(line(evidence))
    return int(refused > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
