"""The second logic: theorems on the spectral network in Rocq with MathComp, and the script that compiles them."""
