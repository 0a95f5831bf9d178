"""AI agents by the Model Context Protocol (MCP): prompts to use, and tools to work on them."""
