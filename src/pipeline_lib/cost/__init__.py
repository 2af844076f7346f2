"""The cost of the stages that are still to run."""
