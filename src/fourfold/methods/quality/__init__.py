"""Whether data meet their contract, and how they change."""

from fourfold.data.profile import profile_columns, read_profile
from fourfold.methods.quality.batches import age_days, by_period
from fourfold.methods.quality.drift import bin_shares, changed_columns, compare_profiles, over_time
from fourfold.methods.quality.validity import (
    accepted,
    label_batches,
    rules,
    shares,
    trend,
    valid_share,
)
