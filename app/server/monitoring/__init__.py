"""What is told about a process: its logs, a line and a measurement per request, figures, health."""
