"""The running stack of one machine: first start, the supervisor's settings, coming up and going down."""
