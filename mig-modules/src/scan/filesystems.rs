//! Which file systems a walk does not enter by itself.

#[cfg(unix)]
use rustix::fd::{AsFd, BorrowedFd};
use std::{fs::File, io};

/// What kind of file system a directory lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    /// Files on a disk or in memory of this machine.
    Local,
    /// Files the kernel makes up, such as `/proc`: endless, or with side effects.
    Pseudo,
    /// Files of another machine, or of a program that may not answer.
    Remote,
}

impl FileSystem {
    /// The kind of file system a file lies on.
    #[cfg(unix)]
    pub(super) fn of_file(file: &File) -> io::Result<Self> {
        Self::of(file.as_fd())
    }

    /// The kind of file system a file lies on: not known here.
    #[cfg(not(unix))]
    pub(super) fn of_file(_file: &File) -> io::Result<Self> {
        Ok(Self::Local)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
impl FileSystem {
    /// Asks the kernel for the type of the file system an open file lies on.
    pub(super) fn of(descriptor: BorrowedFd<'_>) -> io::Result<Self> {
        let magic = rustix::fs::fstatfs(descriptor)?.f_type;
        // The field is signed on some architectures; the magic numbers fit 32 bits on all.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "magic numbers have 32 bits"
        )]
        Ok(Self::from_magic(magic as u32))
    }

    fn from_magic(magic: u32) -> Self {
        if PSEUDO.contains(&magic) {
            Self::Pseudo
        } else if REMOTE.contains(&magic) {
            Self::Remote
        } else {
            Self::Local
        }
    }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
impl FileSystem {
    pub(super) fn of(_descriptor: BorrowedFd<'_>) -> io::Result<Self> {
        Ok(Self::Local)
    }
}

/// Magic numbers of statfs(2) and linux/magic.h. tmpfs and devtmpfs hold real files and are not here.
#[cfg(any(target_os = "linux", target_os = "android"))]
const PSEUDO: &[u32] = &[
    0x0000_9FA0, // proc
    0x6265_6572, // sysfs
    0x0000_1CD1, // devpts
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x0027_E0EB, // cgroup
    0x6367_7270, // cgroup2
    0x7363_6673, // securityfs
    0xF97C_FF8C, // selinuxfs
    0x4341_5D53, // smackfs
    0x4249_4E4D, // binfmt_misc
    0x6165_676C, // pstore
    0xDE5E_81E4, // efivarfs
    0xCAFE_4A11, // bpf
    0x6265_6570, // configfs
    0x6E73_6673, // nsfs
    0x5049_4446, // pidfs
    0x1980_0202, // mqueue
    0x9584_58F6, // hugetlbfs
    0x6573_5543, // fusectl
    0x0000_0187, // autofs: what lies below is decided when it is mounted
    0x6759_6969, // rpc_pipefs
    0x6E66_7364, // nfsd
    0x0BAD_1DEA, // futexfs
    0x5345_434D, // secretmem
];

/// Magic numbers of network file systems. FUSE is among them: its daemon may be sshfs, or may not answer at all.
#[cfg(any(target_os = "linux", target_os = "android"))]
const REMOTE: &[u32] = &[
    0x0000_6969, // nfs
    0x0000_517B, // smb
    0xFF53_4D42, // cifs
    0xFE53_4D42, // smb2
    0x0000_564C, // ncp
    0x7375_7245, // coda
    0x5346_414F, // afs (OpenAFS)
    0x6B41_4653, // afs (kernel)
    0x0102_1997, // 9p
    0x00C3_6400, // ceph
    0x0BD0_0BD0, // lustre
    0x0116_1970, // gfs2
    0x7461_636F, // ocfs2
    0x6573_5546, // fuse
    0x786F_4256, // vboxsf
    0xBACB_ACBC, // vmhgfs
    0x2003_0528, // orangefs
];

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn proc_and_sys_are_pseudo_and_a_temporary_directory_is_local() {
        let kind = |path: &str| FileSystem::of(File::open(path).unwrap().as_fd()).unwrap();
        assert_eq!((kind("/proc"), kind("/sys")), (FileSystem::Pseudo, FileSystem::Pseudo));
        assert_eq!(kind(std::env::temp_dir().to_str().unwrap()), FileSystem::Local);
    }

    #[test]
    fn no_type_is_listed_twice() {
        let all: std::collections::BTreeSet<_> = PSEUDO.iter().chain(REMOTE).collect();
        assert_eq!(all.len(), PSEUDO.len() + REMOTE.len());
    }
}
