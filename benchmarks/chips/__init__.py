"""Programs of exported networks on emulated Cortex-M chips."""
