"""The fast, untrusted search for the run with the largest error: emulated programs, their leading terms, populations of inputs."""
