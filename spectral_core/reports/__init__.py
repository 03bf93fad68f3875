"""Pictures of networks, spectra and trainings."""
