"""What a match is: which surveys, within what radius, along which motion."""

from __future__ import annotations

from dataclasses import dataclass, field

from tasni_spark.core.config import opt

HOW = ("nearest", "all", "symmetric")
ENGINES = ("auto", "tiles", "sql")


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
    motion_snr: float = opt(5.0, "a proper motion of fewer sigma is not applied")
    motion_allowance_masyr: float = opt(0.0, "motion to allow for where neither side has one: widens the radius")
    engine: str = opt("auto", "auto | tiles (workers read sorted files) | sql (runs anywhere); the pairs are the same")
    radius_arcsec: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.how not in HOW:
            raise ValueError(f"how is '{self.how}', expected one of {', '.join(HOW)}")
        if self.engine not in ENGINES:
            raise ValueError(f"engine is '{self.engine}', expected one of {', '.join(ENGINES)}")
        if self.left in self.rights:
            raise ValueError(f"survey {self.left} stands on both sides")
        for name, radius in self.radius_arcsec.items():
            if not 0 < radius <= 3600:
                raise ValueError(f"radius_arcsec.{name} is {radius}, expected 0 .. 3600")

    @property
    def label(self) -> str:
        """Tells the matches of a run apart."""
        return self.left
