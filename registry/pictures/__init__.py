"""Pictures as plain numbers: what a template needs to draw them, and no Django."""
