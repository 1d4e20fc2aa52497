"""The evaluation suite: how real simulated markets are, with floors and intervals."""
