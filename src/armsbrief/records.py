"""The MIME types under which notebooks record what the build reads back."""

FACT = "application/vnd.armsbrief.fact+json"
CHART = "application/vnd.armsbrief.chart+json"
TABLE = "application/vnd.armsbrief.table+json"
SPECIFICATIONS = "application/vnd.armsbrief.specifications+json"
