"""Promptroom: the shared, live repository of the prompts that a company's software runs on."""

__version__ = "0.1.0"
