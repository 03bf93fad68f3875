"""Removing and adding neurons and layers."""
