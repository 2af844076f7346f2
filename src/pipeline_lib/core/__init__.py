"""What every stage stands on: files, digests, manifests, records, seeds, plug-ins, the job."""
