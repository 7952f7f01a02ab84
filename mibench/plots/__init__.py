"""Figures of a frame of trials: the only room that imports matplotlib.

Every kind of figure is a function of (trials, unit) or (trials, unit, curves) that returns a matplotlib `Figure` made
without pyplot, so nothing global is touched. Estimators keep one colour, marker and dash through all figures of a
frame, and differ in all three: the figures read in black and white. Legends stand outside the data; captions say n,
seeds and what was left out.
"""
