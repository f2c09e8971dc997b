//! A pseudo terminal with the program on it, and an emulator that keeps what somebody would see.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{Termios, tcgetattr};
use nix::unistd::Pid;

use crate::program::{PATIENCE, wait_until};
use crate::project::Project;

/// How many rows that have scrolled away are kept.
const KEPT: usize = 10_000;

/// A program that runs on a terminal of its own.
pub struct OnTerminal {
    child: Child,
    /// The side on which somebody types.
    keyboard: File,
    seen: Arc<Mutex<Seen>>,
    reader: Option<JoinHandle<()>>,
    /// The terminal's settings when the program began.
    before: Termios,
}

/// What came out of the program.
struct Seen {
    parser: vt100::Parser,
    /// When something came, and how much, in the order in which it came.
    writes: Vec<(Instant, usize)>,
    bytes: Vec<u8>,
}

fn cells(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

fn window(rows: u16, columns: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

impl OnTerminal {
    /// `capstep run` with more arguments in a project, on a terminal of this size.
    pub fn run(project: &Project, arguments: &[&str], (rows, columns): (u16, u16)) -> Self {
        let mut all = vec!["run"];
        all.extend(arguments);
        let mut command = crate::program::capstep(&project.folder(), &project.state(), &all);
        command.env("TERM", "xterm").envs(
            project
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        );
        Self::start(&command, (rows, columns))
    }

    /// Starts a command with its current folder set, whose terminal controls it: what is typed there becomes signals, as for a shell's.
    pub fn start(command: &Command, (rows, columns): (u16, u16)) -> Self {
        let pair = openpty(&window(rows, columns), None).unwrap();
        let before = tcgetattr(&pair.slave).unwrap();
        let mut child = Command::new("setsid");
        child
            .arg("--ctty")
            .arg(command.get_program())
            .args(command.get_args())
            .current_dir(command.get_current_dir().unwrap())
            .env_clear();
        for (name, value) in command.get_envs() {
            child.env(name, value.unwrap_or_default());
        }
        child
            .stdin(pair.slave.try_clone().unwrap())
            .stdout(pair.slave.try_clone().unwrap())
            .stderr(pair.slave);
        let running = child.spawn().expect("setsid, of the package util-linux");
        // What is left open here would keep the terminal from ending.
        drop(child);
        let keyboard = File::from(pair.master);
        let mut screen = keyboard.try_clone().unwrap();
        let seen = Arc::new(Mutex::new(Seen {
            parser: vt100::Parser::new(cells(rows), cells(columns), KEPT),
            writes: Vec::new(),
            bytes: Vec::new(),
        }));
        let shared = Arc::clone(&seen);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 1 << 16];
            // It ends with an error when nobody has the other side any more.
            while let Ok(length @ 1..) = screen.read(&mut buffer) {
                let mut seen = shared.lock().unwrap();
                seen.parser.process(&buffer[..length]);
                seen.writes.push((Instant::now(), length));
                seen.bytes.extend(&buffer[..length]);
            }
        });
        Self {
            child: running,
            keyboard,
            seen,
            reader: Some(reader),
            before,
        }
    }

    fn look<T>(&self, at: impl FnOnce(&mut Seen) -> T) -> T {
        at(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What stands on the screen now, without empty rows at its end.
    pub fn screen(&self) -> String {
        self.look(|seen| seen.parser.screen().contents())
    }

    /// Everything that was ever on it, from the top: what has scrolled away, too.
    pub fn everything(&self) -> String {
        self.look(|seen| {
            let screen = seen.parser.screen_mut();
            let columns = screen.size().1.get();
            screen.set_scrollback(usize::MAX);
            let mut rows = Vec::new();
            // The first of the rows that are shown, until the screen itself is reached.
            loop {
                let away = screen.scrollback();
                if away == 0 {
                    break;
                }
                rows.extend(screen.rows(0, columns).next());
                screen.set_scrollback(away - 1);
            }
            rows.extend(screen.rows(0, columns));
            let text = rows.join("\n");
            text.trim_end().to_owned()
        })
    }

    /// All bytes that came.
    pub fn bytes(&self) -> Vec<u8> {
        self.look(|seen| seen.bytes.clone())
    }

    /// When something came, and how much.
    pub fn writes(&self) -> Vec<(Instant, usize)> {
        self.look(|seen| seen.writes.clone())
    }

    /// Whether the cursor can be seen.
    pub fn shows_cursor(&self) -> bool {
        self.look(|seen| !seen.parser.screen().hide_cursor())
    }

    /// Waits until the screen is as it should be.
    #[track_caller]
    pub fn until(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let screen = std::cell::RefCell::new(String::new());
        let started = Instant::now();
        wait_until(what, || {
            screen.replace(self.screen());
            let found = is_so(&screen.borrow());
            let late = started.elapsed() > Duration::from_secs(50);
            assert!(found || !late, "{what}; the screen:\n{}", screen.borrow());
            found
        });
        screen.into_inner()
    }

    /// Types something.
    pub fn types(&self, keys: &str) {
        (&self.keyboard).write_all(keys.as_bytes()).unwrap();
    }

    /// Makes the window larger or smaller. What stands in it is cut, or gets empty space beside it.
    pub fn resize(&self, rows: u16, columns: u16) {
        let size = format!("rows {rows} cols {columns}");
        let mut stty = Command::new("stty");
        stty.args(size.split(' '))
            .stdin(self.keyboard.try_clone().unwrap());
        self.look(|seen| {
            assert!(stty.status().unwrap().success());
            seen.parser.set_size(cells(rows), cells(columns));
        });
    }

    /// Sends a signal to the program alone.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }

    /// Whether the program is stopped, as by Ctrl-Z.
    pub fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        // The state follows the name, which stands in parentheses.
        stat.is_ok_and(|stat| stat.rsplit(')').next().unwrap().starts_with(" T"))
    }

    /// Whether the terminal's settings are what they were before the program.
    pub fn has_its_settings(&self) -> bool {
        tcgetattr(&self.keyboard).unwrap() == self.before
    }

    /// Waits for the end, and for the last of its output.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if started.elapsed() > PATIENCE {
                let _ = self.child.kill();
                panic!("it did not end; the screen:\n{}", self.screen());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        status
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
