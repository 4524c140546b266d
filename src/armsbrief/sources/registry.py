"""All machine sources, by name."""

from __future__ import annotations

from armsbrief.sources import acled, country_year, ged, hdx, population
from armsbrief.sources.vintage import Source

SOURCES: dict[str, Source] = {
    module.SOURCE.name: module.SOURCE for module in (ged, country_year, population, hdx, acled)
}
