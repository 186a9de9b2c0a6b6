"""Records and graphs as bytes and texts of other tools' formats; nothing here reads or waits."""
