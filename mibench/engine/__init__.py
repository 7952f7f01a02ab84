"""Where trials run: processes and their limits, devices, batches, the cluster."""
