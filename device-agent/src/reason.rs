//! Why something is as it is: one stable code for the journal, reports, logs and people.

use core::{ffi::CStr, fmt};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $number:literal, $name:literal, $words:literal;)+) => {
        /// A stable reason. Numbers are in journals and reports: never renumber, never reuse.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[doc = $doc])+ $variant = $number,)+
        }

        impl Reason {
            /// Every reason, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The number in journals and reports.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number,)+ }
            }

            /// The reason with this number; `None` for one of a later version.
            #[must_use]
            pub const fn from_number(number: u16) -> Option<Self> {
                Some(match number { $($number => Self::$variant,)+ _ => return None })
            }

            /// The name for machines, in snake_case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The name with a NUL behind it, for C.
            #[must_use]
            pub const fn c_name(self) -> &'static CStr {
                const fn terminated(name: &'static str) -> &'static CStr {
                    match CStr::from_bytes_with_nul(name.as_bytes()) {
                        Ok(name) => name,
                        // Not reached: the macro puts the only NUL at the end.
                        Err(_) => c"unknown",
                    }
                }
                match self { $(Self::$variant => const { terminated(concat!($name, "\0")) },)+ }
            }

            /// The sentence for people.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)+ }
            }
        }
    };
}

reasons! {
    /// Nothing to do.
    UpToDate = 1, "up_to_date", "the release in use is the current one";
    /// A release was committed and is on trial.
    OnTrial = 2, "on_trial", "a release was installed and is on trial";
    /// The trial ended well.
    Confirmed = 3, "confirmed", "the release on trial proved itself";
    /// Observe mode: the release was verified, staged and probed, and not installed.
    Observed = 4, "observed", "the release was verified, staged and probed, and is not installed in observe mode";
    /// The rollout has not reached this device.
    NotInShare = 5, "not_in_share", "a newer release exists, its rollout has not reached this device";
    /// A refused release is not tried again yet.
    Waiting = 6, "waiting", "the release was refused or failed here before and is tried again later";
    /// The newest release was installed from a file without a fresh head.
    OfflineFreshnessUnknown = 7, "offline_freshness_unknown", "installed offline, freshness unknown";

    /// No server was reached.
    Unreachable = 20, "unreachable", "no server of the channel was reached";
    /// The server has no such file.
    NotFound = 21, "not_found", "a file of the published tree is missing";
    /// The server answered something else.
    ServerFailed = 22, "server_failed", "the server of the channel failed";
    /// An answer above its limit.
    AnswerTooLarge = 23, "answer_too_large", "an answer is larger than its limit";
    /// An answer ended early.
    AnswerTruncated = 24, "answer_truncated", "an answer is cut off";

    /// The head is not a head.
    HeadMalformed = 40, "head_malformed", "the head is malformed";
    /// The head lacks its signatures.
    HeadUnsigned = 41, "head_unsigned", "the head is not signed by keys of the keyring in force";
    /// The head of another channel.
    HeadOfOtherChannel = 42, "head_of_other_channel", "the head was signed for another channel";
    /// An older head than one already accepted.
    HeadOlder = 43, "head_older", "the server shows an older head than one already accepted; it is ignored";
    /// Two heads of one number.
    HeadEquivocation = 44, "head_equivocation", "two different heads were signed under one number";
    /// A head that jumps too far.
    HeadFastForward = 45, "head_fast_forward", "the head's number jumps further than is allowed";
    /// The newest head has expired.
    Stale = 46, "stale", "the newest head has expired: what is installed stays, its freshness is unknown";

    /// A keyring was refused.
    KeyringRefused = 60, "keyring_refused", "a newer keyring is not signed as it must be";
    /// A needed keyring is not there.
    KeyringUnavailable = 61, "keyring_unavailable", "a newer keyring is needed and the server does not have it";

    /// A release below the floor.
    ReleaseOlder = 80, "release_older", "the release is older than one already confirmed";
    /// Two releases of one number.
    ReleaseEquivocation = 81, "release_equivocation", "two different releases were signed under one number";
    /// A release that jumps too far.
    ReleaseFastForward = 82, "release_fast_forward", "the release's number jumps further than is allowed";
    /// The manifest is not the one the head names.
    ReleaseMismatch = 83, "release_mismatch", "the manifest is not the one that the head names";
    /// The manifest lacks its signatures.
    ReleaseUnsigned = 84, "release_unsigned", "the release is not signed by enough keys of the keyring in force";
    /// The manifest of another channel.
    ReleaseOfOtherChannel = 85, "release_of_other_channel", "the release was signed for another channel";
    /// The manifest cannot be read.
    ReleaseMalformed = 86, "release_malformed", "the release's manifest is malformed";
    /// The release does not fit.
    ReleaseTooLarge = 87, "release_too_large", "the release does not fit this device's storage or memory";
    /// A probed service would have no usable anchor.
    ServiceWithoutAnchor = 88, "service_without_anchor", "a probed service would have no usable anchor";
    /// A certificate is not the one the manifest names.
    CertificateMismatch = 89, "certificate_mismatch", "a certificate is not the one that the manifest names";
    /// The update's patch does not lead to the manifest.
    UpdateRejected = 90, "update_rejected", "the update file does not lead to the signed manifest";

    /// The candidate would lose an endpoint.
    ProbeRegression = 100, "probe_regression", "an endpoint that verifies today would be lost";
    /// The candidate drops a probed service.
    ServiceDropped = 101, "service_dropped", "the release drops a service that verifies today";
    /// The trial failed conclusively.
    TrialFailed = 102, "trial_failed", "an endpoint that verified before is refused under the release on trial";

    /// No path to an anchor.
    ProbeChain = 120, "chain", "the served chain leads to no anchor of the service";
    /// Another name.
    ProbeName = 121, "name", "the served certificate is for another name";
    /// Outside its dates.
    ProbeDate = 122, "date", "a certificate of the served chain is not valid now";
    /// Not pinned.
    ProbePin = 123, "pin", "no certificate of the served chain is pinned";
    /// Denied.
    ProbeDenied = 124, "denied", "a certificate of the served chain is on the deny list";
    /// Constrained.
    ProbeConstraint = 125, "constraint", "the anchor's constraints do not allow the served chain";
    /// Not for this purpose.
    ProbePurpose = 126, "purpose", "a certificate of the served chain may not be used for this";
    /// Another issuer or subject than the service expects.
    ProbeExpectation = 127, "expectation", "the served certificate has another issuer or subject than the service expects";

    /// No address.
    ProbeDns = 140, "dns", "the endpoint's name does not resolve";
    /// No connection.
    ProbeTcp = 141, "tcp", "no connection to the endpoint";
    /// No answer in time.
    ProbeTimeout = 142, "timeout", "the endpoint did not answer in time";
    /// No clock.
    ProbeClockUnknown = 143, "clock_unknown", "the chain cannot be judged without a clock";
    /// Not allowed by the image.
    ProbeNotAllowed = 144, "not_allowed", "the image does not allow connections to the endpoint";
    /// TLS failed before a chain was served.
    ProbeTls = 145, "tls", "the handshake failed before a certificate was served";
    /// Too much work to judge.
    ProbeTooComplex = 146, "too_complex", "the served chain takes more work to judge than is allowed";

    /// The journal was lost.
    StoreLost = 160, "store_lost", "the store was unreadable: the image's seed is in use";
    /// A newer version wrote the store.
    StoreNewerFormat = 161, "store_newer_format", "a newer version wrote the store: nothing is installed";
    /// The store belongs to another channel or fleet.
    StoreOfOtherChannel = 162, "store_of_other_channel", "the store belongs to another channel or fleet: nothing is installed";
    /// The medium failed.
    StoreFailed = 163, "store_failed", "the store could not be read or written";
    /// A slot does not read back as written.
    StoreMismatch = 164, "store_mismatch", "the slot does not read back as it was written";

    /// The USB file cannot be read.
    FileMalformed = 180, "file_malformed", "the file is not a whole USB file";
    /// The USB file's release is not newer.
    FileNotNewer = 181, "file_not_newer", "the file's release is not newer than the confirmed one";
    /// The file went away while it was judged.
    FileWithdrawn = 182, "file_withdrawn", "the USB file was taken away while it was judged";
}

impl Reason {
    /// True where the network or the server kept a check from an answer: it is tried again soon.
    #[must_use]
    pub const fn is_network(self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::NotFound
                | Self::ServerFailed
                | Self::AnswerTooLarge
                | Self::AnswerTruncated
                | Self::KeyringUnavailable
        )
    }

    /// True where another server may show something better: this one was reached, and what it showed is of no use.
    #[must_use]
    pub const fn blames_the_server(self) -> bool {
        matches!(
            self,
            Self::AnswerTooLarge
                | Self::AnswerTruncated
                | Self::CertificateMismatch
                | Self::HeadEquivocation
                | Self::HeadFastForward
                | Self::HeadMalformed
                | Self::HeadOfOtherChannel
                | Self::HeadOlder
                | Self::HeadUnsigned
                | Self::KeyringRefused
                | Self::KeyringUnavailable
                | Self::ReleaseMalformed
                | Self::ReleaseMismatch
                | Self::ReleaseUnsigned
                | Self::ServerFailed
                | Self::Stale
                | Self::UpdateRejected
        )
    }

    /// True where a release that was verified is not taken, so that it need not be fetched again at every check.
    pub(crate) const fn is_worth_remembering(self) -> bool {
        !matches!(
            self,
            Self::ReleaseMismatch
                | Self::ReleaseUnsigned
                | Self::ReleaseOfOtherChannel
                | Self::ReleaseMalformed
                | Self::KeyringUnavailable
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_number_and_name_and_is_found_by_its_number() {
        for (index, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(Reason::from_number(reason.number()), Some(*reason));
            let later = &Reason::ALL[index + 1..];
            assert!(
                later.iter().all(|other| other.number() > reason.number() && other.name() != reason.name())
            );
        }
        assert_eq!(Reason::from_number(0), None);
    }
}
