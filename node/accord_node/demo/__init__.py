"""The demonstration: a four-founder alliance on this machine, from ceremony to audit, told as a story.

Every line it prints comes from what happened.
"""
