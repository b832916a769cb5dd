"""What AGR changes in large networks, predicted from small ones.

AGR changes a gradient of n elements by about c / n of its length. Small networks tell c for each kind of
tensor, the shapes of a large one tell n. How far that holds is checked on sizes left out of the fit.
"""
