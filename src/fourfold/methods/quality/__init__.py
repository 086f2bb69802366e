"""Whether data meet their contract, and how they change."""

from fourfold.methods.quality.batches import age_days as age_days
from fourfold.methods.quality.batches import by_period as by_period
from fourfold.methods.quality.drift import bin_shares as bin_shares
from fourfold.methods.quality.drift import changed_columns as changed_columns
from fourfold.methods.quality.drift import compare_profiles as compare_profiles
from fourfold.methods.quality.drift import over_time as over_time
from fourfold.methods.quality.profile import profile_columns as profile_columns
from fourfold.methods.quality.profile import read_profile as read_profile
from fourfold.methods.quality.validity import label_batches as label_batches
from fourfold.methods.quality.validity import rules as rules
from fourfold.methods.quality.validity import shares as shares
from fourfold.methods.quality.validity import trend as trend
from fourfold.methods.quality.validity import valid_share as valid_share
