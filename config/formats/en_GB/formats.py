"""With the zone: whoever reads a screen need not ask which clock it goes by."""

DATETIME_FORMAT = "j M Y, H:i T"
