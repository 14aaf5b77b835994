//! Draws a model in a terminal.
