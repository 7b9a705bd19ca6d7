"""What lists and campaigns brought: those written to beside those held out."""
