//! A name server that knows one answer, and is as slow as a test wants it.
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What becomes of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Every name is this machine: 127.0.0.1.
    Here,
    /// The same, after so long.
    Late(Duration),
    /// There is no such name.
    Unknown,
}

/// A running name server on port 53 of a loopback address of its own; it ends with the test's process.
pub struct NameServer {
    address: Ipv4Addr,
    answer: Arc<Mutex<Answer>>,
}

const TYPE_A: [u8; 2] = [0, 1];
/// Header of an answer behind its number: a response, recursion available; one question.
const FOUND: [u8; 10] = [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
const NOTHING: [u8; 10] = [0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0];
const NO_SUCH_NAME: [u8; 10] = [0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0];
/// The question's name, type A, class IN, to be kept for no time, four bytes.
const THIS_MACHINE: [u8; 16] = [0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1];

impl NameServer {
    /// Starts one; `None` where port 53 is not permitted.
    pub fn start() -> Option<NameServer> {
        let mut addresses = std::iter::repeat_with(|| {
            Ipv4Addr::new(127, fastrand::u8(1..255), fastrand::u8(..), fastrand::u8(1..255))
        });
        let socket = addresses.by_ref().take(5).find_map(|address| UdpSocket::bind((address, 53)).ok())?;
        let std::net::IpAddr::V4(address) = socket.local_addr().ok()?.ip() else { return None };
        let answer = Arc::new(Mutex::new(Answer::Here));
        let shared = answer.clone();
        std::thread::spawn(move || {
            let mut datagram = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut datagram) {
                let answer = *shared.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(words) = reply(&datagram[..length], answer) else { continue };
                let Ok(socket) = socket.try_clone() else { continue };
                std::thread::spawn(move || {
                    if let Answer::Late(delay) = answer {
                        std::thread::sleep(delay);
                    }
                    // whoever asked may have given up
                    let _ = socket.send_to(&words, from);
                });
            }
        });
        Some(NameServer { address, answer })
    }

    /// A `resolv.conf` that leads here, and waits for it for half a minute.
    pub fn resolv_conf(&self) -> String {
        format!("nameserver {}\noptions timeout:30 attempts:1\n", self.address)
    }

    /// From now on, this becomes of questions.
    pub fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }
}

/// The answer to a datagram with one question (RFC 1035, section 4).
fn reply(datagram: &[u8], answer: Answer) -> Option<Vec<u8>> {
    let mut end = 12;
    loop {
        match usize::from(*datagram.get(end)?) {
            0 => break,
            label => end += label + 1,
        }
    }
    let question = datagram.get(12..end + 5)?;
    let of_address = question.get(question.len() - 4..question.len() - 2)? == TYPE_A;
    let header = match answer {
        Answer::Unknown => NO_SUCH_NAME,
        _ if of_address => FOUND,
        _ => NOTHING,
    };
    let mut words = datagram.get(..2)?.to_vec();
    words.extend(header);
    words.extend(question);
    if header == FOUND {
        words.extend(THIS_MACHINE);
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_answered_by_their_type() {
        let question = |kind: u8| {
            [&[7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'x', 0, 0, kind, 0, 1][..], &[9; 20]].concat()
        };
        let found = reply(&question(1), Answer::Here).unwrap();
        assert!(found.starts_with(&[7, 9, 0x81, 0x80]) && found.ends_with(&[127, 0, 0, 1]), "{found:?}");
        let no_address = reply(&question(28), Answer::Here).unwrap();
        assert!(no_address.ends_with(&[1, b'x', 0, 0, 28, 0, 1]), "{no_address:?}");
        assert_eq!(reply(&question(1), Answer::Unknown).unwrap()[3], 0x83);
        assert_eq!(reply(&[0; 3], Answer::Here), None);
    }
}
