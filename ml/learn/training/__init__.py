"""From labelled rows to a chosen, corrected and refitted model. Numbers in, numbers out."""
