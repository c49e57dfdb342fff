"""The web, as far as a job may see it: public addresses only, each checked before it is connected to."""
