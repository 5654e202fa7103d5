"""Small pictures for where they say more than text: values in, SVG out, and PNG where the library for it is there."""
