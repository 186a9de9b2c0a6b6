"""What is exported: tables and their columns, graphs, formats, and what is asked for."""
