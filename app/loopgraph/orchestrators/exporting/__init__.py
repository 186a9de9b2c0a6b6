"""Exports: tables, series and graphs, as streams of bytes in other tools' formats."""
