"""What a match is: which surveys, within what radius, along which motion."""

from __future__ import annotations

from dataclasses import dataclass, field

from tasni_spark.core.config import opt

HOW = ("nearest", "all", "symmetric")
ENGINES = ("auto", "tiles", "sql", "sedona")


@dataclass(frozen=True)
class CrossmatchConfig:
    """Section `[crossmatch]`.

    Parameters
    ----------
    radius_arcsec
        Radius of single surveys; the others are matched at the radius of their definition.
    """

    left: str = opt("allwise", "survey whose sources are looked at")
    rights: tuple[str, ...] = opt(
        ("gaia_dr3", "twomass", "panstarrs1", "catwise2020", "nvss"), "surveys in which counterparts are sought"
    )
    how: str = opt("nearest", "nearest | all | symmetric (nearest both ways)")
    k: int = opt(0, "where how is all: at most so many of the nearest; 0 for all")
    sigmas: float = opt(0.0, "a pair farther apart than so many errors of both sides is none; 0 for the radius alone")
    score: bool = opt(False, "weigh every pair by the errors of both sides: score, bayes_factor, p_match")
    prior: float = opt(0.5, "share of left sources that are expected to have a counterpart, for p_match")
    motion_snr: float = opt(5.0, "a proper motion of fewer sigma is not applied")
    motion_allowance_masyr: float = opt(0.0, "motion to allow for where neither side has one: widens the radius")
    frames: str = opt(
        "", "a table of offsets, as xmatch_qa is: right sources are moved by what it says of their tile; empty: none"
    )
    engine: str = opt(
        "auto", "auto | tiles (workers read sorted files) | sql (runs anywhere) | sedona; the pairs are the same"
    )
    radius_arcsec: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.how not in HOW:
            raise ValueError(f"how is '{self.how}', expected one of {', '.join(HOW)}")
        if self.engine not in ENGINES:
            raise ValueError(f"engine is '{self.engine}', expected one of {', '.join(ENGINES)}")
        if self.k and self.how != "all":
            raise ValueError(f"k is {self.k}, but how is '{self.how}': the k nearest are asked for by how = 'all'")
        if self.k < 0 or self.sigmas < 0:
            raise ValueError(f"k and sigmas must not be negative, found {self.k} and {self.sigmas}")
        if not 0 < self.prior < 1:
            raise ValueError(f"prior is {self.prior}, expected a share between 0 and 1")
        if self.left in self.rights:
            raise ValueError(f"survey {self.left} stands on both sides")
        for name, radius in self.radius_arcsec.items():
            if not 0 < radius <= 3600:
                raise ValueError(f"radius_arcsec.{name} is {radius}, expected 0 .. 3600")

    @property
    def label(self) -> str:
        """Tells the matches of a run apart."""
        return self.left
